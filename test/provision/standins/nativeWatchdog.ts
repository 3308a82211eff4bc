// Takes the place of VS Code's `native-watchdog` inside the test server: the extension host ends when its parent has gone.

const CHECK_EVERY_MS = 1000;
// The native module's own exit code for "my parent has gone".
const PARENT_GONE = 87;

export function start(parent: number): void {
  const timer = setInterval(() => {
    try {
      process.kill(parent, 0);
    } catch {
      process.exit(PARENT_GONE);
    }
  }, CHECK_EVERY_MS);
  timer.unref();
}

export function exit(code?: number): void {
  process.exit(code ?? 0);
}
