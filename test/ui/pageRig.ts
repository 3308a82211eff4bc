import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { pageHtml } from '../../src/vscode/pageHtml';
import { startBrowser } from '../vscode/harness/browser';

const ORIGIN = 'http://page.test';

// What runs inside the page is text here: the types of a document are not those of Node.
/** What VS Code puts into a webview. */
const HOST = `
  window.sent = [];
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => void window.sent.push(message),
    getState: () => JSON.parse(sessionStorage.getItem('state')),
    setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
  });`;

/** Some of the colours that VS Code's own themes set for a page. */
const THEMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  light: {
    'font-family': 'sans-serif', 'font-size': '13px', 'editor-font-family': 'monospace', 'editor-font-size': '13px',
    'charts-blue': '#0063d3', 'charts-purple': '#652d90', 'charts-green': '#388a34', 'charts-red': '#e51400', 'charts-yellow': '#bf8803', 'charts-orange': '#d18616', 'button-background': '#005fb8', 'button-foreground': '#ffffff',
    'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'panel-border': '#e5e5e5', 'list-errorForeground': '#f85149', 'list-warningForeground': '#855f00', 'list-activeSelectionBackground': '#e8e8e8',
    'list-activeSelectionForeground': '#000000', 'list-hoverBackground': '#f2f2f2', 'progressBar-background': '#005fb8', 'textLink-foreground': '#005fb8', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
    'editor-foreground': '#3b3b3b', 'editor-background': '#ffffff', 'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-border': '#cecece',
    'input-placeholderForeground': '#767676', descriptionForeground: '#3b3b3b', 'editorSuggestWidget-background': '#f8f8f8', 'editorSuggestWidget-border': '#c8c8c8',
    'button-secondaryHoverBackground': '#cccccc', 'inputValidation-warningBackground': '#f6f5d2', 'inputValidation-warningBorder': '#b89500', 'inputValidation-errorBackground': '#f2dede', 'inputValidation-errorBorder': '#be1100',
    'editorSuggestWidget-selectedBackground': '#e8e8e8', 'editorSuggestWidget-selectedForeground': '#000000', focusBorder: '#005fb8',
  },
  dark: {
    'font-family': 'sans-serif', 'font-size': '13px', 'editor-font-family': 'monospace', 'editor-font-size': '13px',
    'charts-blue': '#59a4f9', 'charts-purple': '#b180d7', 'charts-green': '#89d185', 'charts-red': '#f14c4c', 'charts-yellow': '#cca700', 'charts-orange': '#d18616', 'button-background': '#0078d4', 'button-foreground': '#ffffff',
    'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'panel-border': '#2b2b2b', 'list-errorForeground': '#f88070', 'list-warningForeground': '#cca700', 'list-activeSelectionBackground': '#04395e',
    'list-activeSelectionForeground': '#ffffff', 'list-hoverBackground': '#2a2d2e', 'progressBar-background': '#0078d4', 'textLink-foreground': '#4daafc', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
    'editor-foreground': '#cccccc', 'editor-background': '#1f1f1f', 'input-background': '#313131', 'input-foreground': '#cccccc', 'input-border': '#3c3c3c',
    'input-placeholderForeground': '#989898', descriptionForeground: '#9d9d9d', 'editorSuggestWidget-background': '#202020', 'editorSuggestWidget-border': '#454545',
    'button-secondaryHoverBackground': '#3c3c3c', 'inputValidation-warningBackground': '#352a05', 'inputValidation-warningBorder': '#b89500', 'inputValidation-errorBackground': '#5a1d1d', 'inputValidation-errorBorder': '#be1100',
    'editorSuggestWidget-selectedBackground': '#04395e', 'editorSuggestWidget-selectedForeground': '#ffffff', focusBorder: '#0078d4',
  },
  highContrast: {
    'font-family': 'sans-serif', 'font-size': '13px', 'editor-font-family': 'monospace', 'editor-font-size': '13px',
    'charts-blue': '#59a4f9', 'charts-purple': '#b180d7', 'charts-green': '#89d185', 'charts-red': '#f14c4c', 'charts-yellow': '#ffd700', 'charts-orange': '#ffa500', 'button-foreground': '#ffffff', 'button-border': '#6fc3df',
    'button-secondaryForeground': '#ffffff', 'panel-border': '#6fc3df', 'list-warningForeground': '#ffd700', 'list-errorForeground': '#f48771', 'progressBar-background': '#6fc3df', 'textLink-foreground': '#21a6ff',
    'badge-background': '#000000', 'badge-foreground': '#ffffff',
    'editor-foreground': '#ffffff', 'editor-background': '#000000', 'input-background': '#000000', 'input-foreground': '#ffffff', 'input-border': '#6fc3df',
    'input-placeholderForeground': 'rgba(255, 255, 255, 0.7)', descriptionForeground: 'rgba(255, 255, 255, 0.7)', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518',
    'inputValidation-warningBackground': '#000000', 'inputValidation-warningBorder': '#6fc3df', 'inputValidation-errorBackground': '#000000', 'inputValidation-errorBorder': '#6fc3df',
    'editorSuggestWidget-background': '#000000', focusBorder: '#f38518',
  },
};

/** One page of the extension, alone in a real browser, with a fake VS Code around it. */
export interface PageRig {
  /** Of the test that runs now. */
  readonly page: Page;
  /** As the extension would. */
  say(message: object): Promise<void>;
  /** What the page has sent, oldest first, but for `ready` and the types in `without`. */
  sent<T>(...without: readonly string[]): Promise<T[]>;
  /** Until an expression is true inside the page: Playwright's own polling is forbidden there by the page's policy, as it should be. */
  until(condition: string): Promise<void>;
  /** A screenshot in each theme: `NAME-light.png`, `NAME-dark.png`, `NAME-highContrast.png`. */
  pictures(name: string): Promise<void>;
}

/**
 * Opens the page `src/webview/NAME/main.ts` anew for each test of the suite in which it is called, and fails the test whose page
 * logged an error or broke its policy. `begin` tells the page what it needs from the start.
 */
export function usePage(name: string, begin: (rig: PageRig) => Promise<void> = async () => {}): PageRig {
  let browser: Browser;
  let page: Page;
  let script: string;
  let problems: string[];
  const rig: PageRig = {
    get page() {
      return page;
    },
    say: (message) => page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`),
    sent: (...without) => page.evaluate(`window.sent.filter(({ type }) => !${JSON.stringify(['ready', ...without])}.includes(type))`),
    until: async (condition) => {
      const deadline = performance.now() + 10_000;
      while (!(await page.evaluate<boolean>(condition))) assert.ok(performance.now() < deadline, `never true: ${condition}`);
    },
    pictures: async (picture) => {
      const folder = join(process.env['SALLYPORT_OUT'] ?? resolve('out'), 'screenshots');
      await mkdir(folder, { recursive: true });
      for (const [theme, colours] of Object.entries(THEMES)) {
        const set = Object.entries(colours).map(([colour, value]) => `document.documentElement.style.setProperty('--vscode-${colour}', '${value}')`);
        await page.evaluate(`document.documentElement.removeAttribute('style'); ${set.join(';')}`);
        await page.screenshot({ path: join(folder, `${picture}-${theme}.png`) });
      }
    },
  };

  before(async () => {
    const bundle = await build({ entryPoints: [`src/webview/${name}/main.ts`], bundle: true, write: false, format: 'iife', platform: 'browser', target: 'chrome128' });
    script = bundle.outputFiles[0]!.text;
    browser = await startBrowser();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    page = await browser.newPage();
    problems = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.addInitScript(HOST);
    await serve(page, name, script);
    await page.goto(`${ORIGIN}/`);
    await begin(rig);
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual(problems.filter((text) => !text.includes('404')), [], 'errors and policy violations of the page');
  });
  return rig;
}

/** Nothing reaches a network: every address is answered here. */
async function serve(page: Page, name: string, script: string): Promise<void> {
  const html = pageHtml({ nonce: 'bm9uY2U=', cspSource: ORIGIN, scriptUri: `${ORIGIN}/page.js`, styleUri: `${ORIGIN}/${name}.css`, language: 'en', title: 'x' });
  await page.route('**/*', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
    if (pathname === '/page.js') return route.fulfill({ contentType: 'text/javascript', body: script });
    // Its own style sheet, and what that one imports.
    const [, sheet] = /^\/(\w+)\.css$/.exec(pathname) ?? [];
    if (sheet !== undefined) return route.fulfill({ contentType: 'text/css', body: await readFile(`media/${sheet}.css`, 'utf8') });
    return route.fulfill({ status: 404 });
  });
}
