import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Disposable } from '../base/event';
import { Scope } from '../base/scope';
import { messageText, withoutIcons } from './safeText';
import type { LiveButton, LiveItem, LivePick } from './ui';

/** Changes within this time become one redraw, ms: rates change several times a second. */
const REDRAW_MS = 120;

interface Row extends vscode.QuickPickItem {
  readonly item?: LiveItem;
  readonly acts?: ReadonlyMap<vscode.QuickInputButton, LiveButton>;
}

/** Shows the list until it is closed. What is typed and what is selected stay through every redraw. */
export async function showLivePick({ title, placeholder, items, onDidChange }: LivePick): Promise<void> {
  const scope = new Scope();
  const picker = scope.add(vscode.window.createQuickPick<Row>());
  picker.title = messageText(title);
  picker.placeholder = placeholder;
  picker.matchOnDescription = true;
  picker.keepScrollPosition = true;
  let shown = '';
  /** By id; what looks the same may act on something newer. */
  let latest: ReadonlyMap<string, LiveItem> = new Map();
  const draw = (): void => {
    const now = items();
    latest = new Map(now.map((item) => [item.id, item]));
    // Drawing anew what is the same would take the focus from a button that is about to be pressed.
    const look = JSON.stringify(now);
    if (look === shown) return;
    shown = look;
    const active = picker.activeItems[0]?.item?.id;
    const rows = toRows(now);
    picker.items = rows;
    const same = rows.find(({ item }) => item !== undefined && item.id === active);
    if (same) picker.activeItems = [same];
  };
  let redraw: Disposable | undefined;
  const drawSoon = (): void => {
    redraw ??= systemClock.schedule(REDRAW_MS, () => {
      redraw = undefined;
      draw();
    });
  };
  scope.defer(() => redraw?.dispose());
  scope.add(onDidChange(drawSoon));
  draw();
  try {
    await new Promise<void>((resolve) => {
      const press = ({ act, closes }: Pick<LiveItem, 'act' | 'closes'>): void => {
        if (closes) picker.hide();
        act();
      };
      scope.add(
        picker.onDidAccept(() => {
          const item = picker.activeItems[0]?.item;
          if (item) press(latest.get(item.id) ?? item);
        }),
      );
      scope.add(
        picker.onDidTriggerItemButton(({ item, button }) => {
          const pressed = item.acts?.get(button);
          const now = item.item && latest.get(item.item.id)?.buttons.find(({ label }) => label === pressed?.label);
          if (now) press(now);
        }),
      );
      scope.add(picker.onDidHide(() => resolve()));
      picker.show();
    });
  } finally {
    await scope.dispose();
  }
}

function toRows(items: readonly LiveItem[]): Row[] {
  return items.flatMap((item, index): Row[] => {
    const row = toRow(item);
    const begins = item.section !== items[index - 1]?.section;
    return begins ? [{ label: withoutIcons(item.section), kind: vscode.QuickPickItemKind.Separator }, row] : [row];
  });
}

function toRow(item: LiveItem): Row {
  const acts = new Map(
    item.buttons.map((one): [vscode.QuickInputButton, LiveButton] => [{ iconPath: new vscode.ThemeIcon(one.icon), tooltip: one.label }, one]),
  );
  return {
    label: withoutIcons(item.label),
    iconPath: new vscode.ThemeIcon(item.icon, item.color === undefined ? undefined : new vscode.ThemeColor(item.color)),
    ...(item.description !== undefined && { description: withoutIcons(item.description) }),
    ...(item.detail !== undefined && { detail: withoutIcons(item.detail) }),
    buttons: [...acts.keys()],
    item,
    acts,
  };
}
