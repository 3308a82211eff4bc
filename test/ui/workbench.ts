import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { Theme } from '../vscode/harness/settings';

export interface WorkbenchOptions {
  readonly page: Page;
  /** Folder of the pictures; `<theme>/NN-name.png` are made in it. */
  readonly pictures: string;
  readonly theme: Theme;
}

// The class of the workbench element that each theme gives it.
const THEME_CLASS: Readonly<Record<Theme, string>> = { light: 'vs', dark: 'vs-dark', highContrast: 'hc-black' };

const THEME_LABELS: Readonly<Record<Theme, string>> = { light: 'Light Modern', dark: 'Dark Modern', highContrast: 'Dark High Contrast' };

/** Pixels: less than a view is high, and enough to move it. */
const SCROLL_STEP = 150;
const SCROLL_MARGIN = 30;
/** Within this time the rows that were scrolled to are drawn, ms. */
const DRAW_MS = 500;
/** A tree whose rows stay the same for so long is still, ms; one that never is, is used after the limit all the same. */
const STILL_MS = 300;
const STILL_LIMIT_MS = 10_000;

/** A person's hands and eyes on one VS Code window. Everything waits for what it needs, up to the page's time limit. */
export class Workbench {
  readonly page: Page;
  readonly #folder: string;
  readonly #pictures = new Map<Theme, number>();
  #theme: Theme;

  constructor(options: WorkbenchOptions) {
    this.page = options.page;
    this.#folder = options.pictures;
    this.#theme = options.theme;
  }

  /** Waits until the window is drawn, in the theme that was set. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.activitybar').waitFor();
    await this.#untilTheme(this.#theme);
  }

  // Views

  activity(label: string): Locator {
    return this.page.locator(`.activitybar .action-label[aria-label="${label}"]`);
  }

  get sideBar(): Locator {
    return this.page.locator('.part.sidebar');
  }

  /** Opens the container of views with this title, wherever the side bar is now. */
  async openContainer(label: string): Promise<void> {
    // A click on the icon of the container that is open would close it.
    const open = this.page.locator(`.activitybar .action-item.checked .action-label[aria-label="${label}"]`);
    if ((await open.count()) === 0) await this.activity(label).click();
    await this.sideBar.locator('.composite.title', { hasText: new RegExp(label, 'i') }).waitFor();
  }

  /** A view of the open container, by its title, e.g. "Resources". */
  view(title: string): Locator {
    return this.sideBar.locator('.pane').filter({ has: this.page.locator('.pane-header', { hasText: title }) });
  }

  /** A row that is drawn; `name` is matched against its accessible name. */
  treeItem(view: string, name: string | RegExp): Locator {
    return this.view(view).getByRole('treeitem', { name }).first();
  }

  /** A row of a tree, scrolled into sight: a long tree draws only the rows that fit. */
  async row(view: string, name: string | RegExp, limitMs = 60_000): Promise<Locator> {
    const row = this.treeItem(view, name);
    const tree = this.view(view).locator('.monaco-list').first();
    await tree.waitFor();
    const rows = async (): Promise<string> => (await tree.getByRole('treeitem').allInnerTexts()).join('\n');
    let down = true;
    await this.until(async () => {
      const [frame, place] = [await tree.boundingBox(), await placeOf(row)];
      if (!frame) return false;
      const below = place && place.y + place.height - (frame.y + frame.height);
      const above = place && frame.y - place.y;
      // The tree also draws a row or two outside of its frame, where the mouse does not reach them.
      if (place && below! <= 0 && above! <= 0) return true;
      // Over the scroll bar: rows under the mouse bring up tooltips, which then lie over the tree.
      await this.page.mouse.move(frame.x + frame.width - 4, frame.y + frame.height / 2);
      if (place) {
        // A little further than to the edge: a step of a few pixels may not move the tree at all.
        await this.page.mouse.wheel(0, below! > 0 ? below! + SCROLL_MARGIN : -above! - SCROLL_MARGIN);
        await this.#within(DRAW_MS, async () => (await placeOf(row))?.y !== place.y);
        return false;
      }
      const before = await rows();
      await this.page.mouse.wheel(0, down ? SCROLL_STEP : -SCROLL_STEP);
      // The next rows are drawn a moment later. None: an end, or the tree is still filling, so back the other way.
      if (!(await this.#within(DRAW_MS, async () => (await rows()) !== before))) down = !down;
      return false;
    }, `a row ${name} in ${view}`, limitMs);
    return row;
  }

  /**
   * Waits, bounded, until the rows of a tree stay as they are and none is loading. VS Code draws another row with the element of
   * one that has moved, and a click that is on its way then is one on that row.
   */
  async #untilTreeStill(view: string): Promise<void> {
    const tree = this.view(view).locator('.monaco-list').first();
    let [before, since] = ['', performance.now()];
    await this.#within(STILL_LIMIT_MS, async () => {
      const now = (await tree.innerText({ timeout: 1000 }).catch(() => '')).trim();
      if (now !== before || /loading…/i.test(now)) [before, since] = [now, performance.now()];
      return performance.now() - since >= STILL_MS;
    });
  }

  /** Waits until a row says what it is to say. */
  async rowSays(view: string, name: string | RegExp, text: RegExp): Promise<void> {
    await this.until(async () => {
      const row = await this.row(view, name);
      return text.test(await row.innerText({ timeout: 1000 }).catch(() => ''));
    }, `${name} says ${text}`);
  }

  /** Opens a row of a tree and waits until a row below it can be seen. */
  async expand(view: string, name: string | RegExp, below: string | RegExp): Promise<void> {
    await this.until(async () => {
      // A tree that is drawn anew at this moment loses the click, scrolls the row away, or closes it again.
      await this.#untilTreeStill(view);
      const row = await this.row(view, name);
      const open = this.view(view).locator('[role="treeitem"][aria-expanded="true"]').and(row);
      const moment = { timeout: 2000 };
      if ((await open.count()) === 0) {
        const pressed = await row.locator('.monaco-tl-twistie').click(moment).then(() => open.waitFor(moment)).then(() => true, () => false);
        if (!pressed) return false;
      }
      return this.row(view, below, 5000).then(() => true, () => false);
    }, `${name} is expanded`, 60_000);
  }

  /** Presses one of the buttons that a row shows under the mouse. */
  async rowAction(view: string, name: string | RegExp, action: string): Promise<void> {
    await this.until(async () => {
      await this.#untilTreeStill(view);
      const row = await this.row(view, name);
      // A tree that is drawn anew at this moment moves the row away from under the mouse.
      const moment = { timeout: 2000 };
      return row
        .hover(moment)
        .then(() => row.locator(`.actions .action-label[aria-label^="${action}"]`).click(moment))
        .then(() => true, () => false);
    }, `${action} is pressed on ${name}`);
  }

  /** Brings up the tooltip of a row and waits for a text in it. */
  async rowTooltip(view: string, name: string | RegExp, text: string): Promise<void> {
    const tooltip = this.page.locator('.workbench-hover', { hasText: text }).first();
    await this.until(async () => {
      // Another tooltip may still be there, and a tree that is drawn anew takes this one away.
      await this.#parkMouse();
      const row = await this.row(view, name);
      return row
        .hover({ timeout: 2000 })
        .then(() => tooltip.waitFor({ timeout: 3000 }))
        .then(() => true, () => false);
    }, `a tooltip of ${name} with ${text}`);
  }

  /** Chooses from the context menu of a row. */
  async rowMenu(view: string, name: string | RegExp, entry: string): Promise<void> {
    const item = this.page.locator('.context-view .action-item', { hasText: entry }).first();
    await this.until(async () => {
      // A tree that is still filling moves the row out of sight, and what takes the focus closes the menu.
      await this.#untilTreeStill(view);
      const row = await this.row(view, name);
      return row
        .click({ button: 'right', timeout: 2000 })
        .then(() => item.waitFor({ timeout: 2000 }))
        .then(() => this.#untilStill(item))
        .then(() => true, () => false);
    }, `the menu of ${name} has ${entry}`, 60_000);
    // A menu does not take the click that comes right behind the one that opened it.
    await this.until(async () => {
      await item.click({ timeout: 2000 }).catch(() => {});
      return item.waitFor({ state: 'hidden', timeout: 1000 }).then(() => true, () => false);
    }, `${entry} is chosen`);
  }

  // Palette, quick picks and input boxes

  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget input.input');
  }

  /** Rows of the quick pick that contain the text. */
  quickPickRow(text: string): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Types into the palette and waits for the entry. */
  async findCommand(title: string): Promise<Locator> {
    const row = this.quickPickRow(title).first();
    await this.until(async () => {
      // The palette of the command before may still be fading out: what is typed then is lost with it.
      await this.page.keyboard.press('F1');
      return this.quickInput
        .fill(`>${title}`, { timeout: 2000 })
        .then(() => row.waitFor({ timeout: 5000 }))
        .then(() => true, () => false);
    }, `the palette lists ${title}`, 60_000);
    return row;
  }

  /** Runs a command by its full title, e.g. "Sallyport: Show Log". */
  async runCommand(title: string): Promise<void> {
    await (await this.findCommand(title)).click();
  }

  async pick(text: string): Promise<void> {
    // A list that still fills draws its rows anew, and the one that was found is gone.
    await this.until(async () => {
      const row = this.quickPickRow(text).first();
      return row.click({ timeout: 2000 }).then(() => true, () => false);
    }, `${text} is picked`, 60_000);
  }

  /** Answers the input box that asks with this prompt: one box may follow another in the same place. */
  async answer(prompt: string, text: string): Promise<void> {
    await this.page.locator('.quick-input-message', { hasText: prompt }).waitFor();
    await this.quickInput.fill(text);
    await this.page.keyboard.press('Enter');
  }

  async dismissQuickInput(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  // Modal questions

  /** A modal question that contains the text. */
  async dialog(text: string | RegExp): Promise<Locator> {
    const dialog = this.page.locator('.monaco-dialog-box', { hasText: text }).first();
    await dialog.waitFor();
    return dialog;
  }

  async answerDialog(text: string | RegExp, button: string): Promise<void> {
    const dialog = await this.dialog(text);
    await dialog.getByRole('button', { name: button }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  // Status bar and notifications

  statusItem(text: string | RegExp): Locator {
    return this.page.locator(String.raw`#workbench\.parts\.statusbar .statusbar-item`, { hasText: text }).first();
  }

  /** A notification that has slid in. */
  async toast(text: string | RegExp): Promise<Locator> {
    const toast = this.page.locator('.notification-toast', { hasText: text }).first();
    await toast.waitFor();
    await this.#untilStill(toast);
    return toast;
  }

  async pressToast(text: string | RegExp, button: string): Promise<void> {
    await (await this.toast(text)).getByRole('button', { name: button }).click();
  }

  /** Texts of the notifications that are visible now. */
  async toasts(): Promise<string[]> {
    return this.page.locator('.notification-toast .notification-list-item-message').allInnerTexts();
  }

  async clearToasts(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
    await this.page.locator('.notification-toast').first().waitFor({ state: 'hidden' });
  }

  // Editors

  tab(title: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: title }).first();
  }

  /** The page inside the webview that is visible. */
  get webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  }

  // Appearance

  /** Chooses the theme as a person does: not every release sees at once that its settings file was written. */
  async setTheme(theme: Theme): Promise<void> {
    if (theme === this.#theme) return;
    await this.runCommand('Preferences: Color Theme');
    await this.quickInput.fill(THEME_LABELS[theme]);
    await this.pick(THEME_LABELS[theme]);
    await this.#untilTheme(theme);
    this.#theme = theme;
  }

  /** Keeps a picture of the window; pictures are numbered in each theme. `hover` keeps what the mouse has brought up. */
  async picture(name: string, { hover = false }: { readonly hover?: boolean } = {}): Promise<string> {
    const number = (this.#pictures.get(this.#theme) ?? 0) + 1;
    this.#pictures.set(this.#theme, number);
    const folder = join(this.#folder, this.#theme);
    mkdirSync(folder, { recursive: true });
    if (!hover) await this.#parkMouse();
    await this.#untilDrawn();
    const path = join(folder, `${String(number).padStart(2, '0')}-${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  /** Polls a condition for up to `limitMs`; `what` names it when it does not come true. */
  async until(condition: () => Promise<boolean>, what: string, limitMs = 20_000): Promise<void> {
    assert.ok(await this.#within(limitMs, condition), `not within ${limitMs} ms: ${what}`);
  }

  /** Whether the condition comes true in time. */
  async #within(limitMs: number, condition: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (!(await condition())) {
      if (performance.now() > deadline) return false;
      await this.page.waitForTimeout(50);
    }
    return true;
  }

  /** Moves the mouse to where it changes nothing, and waits for tooltips to go; one whose button has vanished stays for good. */
  async #parkMouse(): Promise<void> {
    const size = this.page.viewportSize();
    if (!size) return;
    const tooltip = this.page.locator('.workbench-hover:visible');
    let step = 0;
    await this.#within(2000, async () => {
      await this.page.mouse.move(size.width - 1 - (step++ % 2), size.height / 2);
      return (await tooltip.count()) === 0;
    });
  }

  /** Waits, bounded, until nothing fades or slides any more; what turns for ever goes on turning. */
  async #untilDrawn(): Promise<void> {
    // As text: the tests' types know no page.
    const drawn = "document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect?.getTiming().iterations === Infinity)";
    await this.#within(1000, () => this.page.evaluate<boolean>(drawn));
  }

  #untilTheme(theme: Theme): Promise<void> {
    return this.page.locator(`.monaco-workbench.${THEME_CLASS[theme]}`).first().waitFor();
  }

  /** Waits until an element has been at the same place in two looks in a row. */
  async #untilStill(element: Locator): Promise<void> {
    let before = '';
    await this.until(async () => {
      const now = JSON.stringify(await element.boundingBox({ timeout: 2000 }));
      const still = now === before;
      before = now;
      return still;
    }, 'the notification has slid in');
  }
}

/** Where it is drawn; null where it is not, or no longer. */
function placeOf(row: Locator): Promise<Awaited<ReturnType<Locator['boundingBox']>>> {
  return row.boundingBox({ timeout: 500 }).catch(() => null);
}
