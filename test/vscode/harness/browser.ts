import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { requireProgram } from '../../provision/systemPrograms';

// Nothing of the browser's own talks to the network; the sandbox of Chromium needs rights that containers do not give.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless browser of the Chromium family that ends with this process. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: requireProgram('chromium'), headless: true, args: ARGUMENTS, timeout: 120_000 });
}
