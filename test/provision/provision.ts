import type { ProgramName } from './programs';
import { ensurePrograms } from './systemPrograms';
import { ensureVscode, serverRunsHere } from './vscodeServer';

/** Makes the machine ready. Silent when it is. */
export async function provision(needs: {
  readonly programs: readonly ProgramName[];
  readonly vscode: boolean;
}): Promise<{ readonly vscodeServer: boolean }> {
  const vscodeServer = needs.vscode && serverRunsHere();
  // The browser only drives the server's workbench.
  await ensurePrograms(needs.programs.filter((name) => name !== 'chromium' || vscodeServer));
  if (vscodeServer) {
    const announce = (line: string): void => console.log(line);
    await ensureVscode('newest', announce);
    await ensureVscode('oldest', announce);
  } else if (needs.vscode) {
    console.log('The VS Code server for tests is for Linux on x64; here the desktop VS Code is used (@vscode/test-electron).');
  }
  return { vscodeServer };
}
