import * as vscode from 'vscode';
import { cancelled } from '../base/fault';
import { Scope } from '../base/scope';
import { isWebAddress } from '../model/question';
import type { CommandName } from './contributions';
import { commandId } from './contributions';
import { detailText, messageText, withoutIcons } from './safeText';
import type { ConfirmOptions, InputOptions, PickItem, PickOptions, Ui } from './ui';

const BRIEF_MS = 5000;

/** The real window. Work that is still under way when it is disposed is cancelled. */
export class WindowUi implements Ui {
  readonly l10n = vscode.l10n;
  readonly #closing = new AbortController();

  pick<T>(items: readonly PickItem<T>[], options: PickOptions): Promise<T | undefined> {
    return this.#quickPick(items, options, undefined);
  }

  pickOrType<T>(
    items: readonly PickItem<T>[],
    options: PickOptions & { readonly accept: (text: string) => PickItem<T> | undefined },
  ): Promise<T | undefined> {
    return this.#quickPick(items, options, options.accept);
  }

  async pickMany<T>(
    items: readonly PickItem<T>[],
    { title, placeholder, accept }: PickOptions & { readonly accept?: (text: string) => PickItem<T> | undefined },
  ): Promise<readonly T[] | undefined> {
    const scope = new Scope();
    const picker = scope.add(vscode.window.createQuickPick<Row<T>>());
    let rows = items.map((item) => row(item));
    picker.canSelectMany = true;
    picker.title = messageText(title);
    picker.placeholder = placeholder;
    picker.matchOnDescription = true;
    picker.items = rows;
    picker.selectedItems = rows.filter(({ item }) => item.picked);
    try {
      return await new Promise<readonly T[] | undefined>((resolve) => {
        scope.add(
          picker.onDidAccept(() => {
            const selected = new Set(picker.selectedItems);
            resolve(rows.filter((one) => selected.has(one)).map(({ item }) => item.value));
          }),
        );
        scope.add(picker.onDidHide(() => resolve(undefined)));
        scope.add(
          picker.onDidChangeValue((text) => {
            const typed = accept && !rows.some(({ label }) => label === text.trim()) ? accept(text.trim()) : undefined;
            if (!typed) return;
            // What was typed before stays only if it was chosen.
            const selected = picker.selectedItems;
            rows = [row(typed), ...rows.filter((one) => items.includes(one.item) || selected.includes(one))];
            picker.items = rows;
            picker.selectedItems = selected;
          }),
        );
        picker.show();
      });
    } finally {
      await scope.dispose();
    }
  }

  async input({ title, prompt, value, password, signal, validate }: InputOptions): Promise<string | undefined> {
    const closing = new vscode.CancellationTokenSource();
    const close = (): void => closing.cancel();
    signal?.addEventListener('abort', close, { once: true });
    if (signal?.aborted) close();
    const options: vscode.InputBoxOptions = {
      title: messageText(title),
      prompt: messageText(prompt),
      // What is typed must survive a look at the password manager.
      ignoreFocusOut: true,
      ...(value !== undefined && { value }),
      ...(password !== undefined && { password }),
      ...(validate && { validateInput: validate }),
    };
    try {
      return await vscode.window.showInputBox(options, closing.token);
    } finally {
      signal?.removeEventListener('abort', close);
      closing.dispose();
    }
  }

  async confirm({ message, detail, button }: ConfirmOptions): Promise<boolean> {
    const options = { modal: true, detail: detailText(detail) };
    return (await vscode.window.showWarningMessage(messageText(message), options, button)) === button;
  }

  async task<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const options = { location: vscode.ProgressLocation.Notification, title: messageText(title), cancellable: true };
    return vscode.window.withProgress(options, async (_, token) => {
      const pressed = new AbortController();
      const listener = token.onCancellationRequested(() => pressed.abort());
      try {
        return await work(AbortSignal.any([pressed.signal, this.#closing.signal]));
      } catch (error) {
        // A failure that comes after Cancel is the cancelling itself, whatever it looks like.
        throw pressed.signal.aborted || this.#closing.signal.aborted ? cancelled() : error;
      } finally {
        listener.dispose();
      }
    });
  }

  async background<T>(title: string, work: () => Promise<T>): Promise<T> {
    return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: withoutIcons(title) }, work);
  }

  async error(text: string, buttons: readonly string[]): Promise<string | undefined> {
    return vscode.window.showErrorMessage(messageText(text), ...buttons);
  }

  info(text: string): void {
    void vscode.window.showInformationMessage(messageText(text));
  }

  brief(text: string): void {
    vscode.window.setStatusBarMessage(withoutIcons(text), BRIEF_MS);
  }

  async copy(text: string): Promise<void> {
    await vscode.env.clipboard.writeText(text);
  }

  async open(url: string): Promise<boolean> {
    return isWebAddress(url) && vscode.env.openExternal(vscode.Uri.parse(url, true));
  }

  run(command: CommandName, argument?: string): void {
    void vscode.commands.executeCommand(commandId(command), argument);
  }

  dispose(): void {
    this.#closing.abort();
  }

  async #quickPick<T>(
    items: readonly PickItem<T>[],
    { title, placeholder }: PickOptions,
    accept: ((text: string) => PickItem<T> | undefined) | undefined,
  ): Promise<T | undefined> {
    const scope = new Scope();
    const picker = scope.add(vscode.window.createQuickPick<Row<T>>());
    const rows = items.map((item) => row(item));
    picker.title = messageText(title);
    picker.placeholder = placeholder;
    picker.matchOnDescription = true;
    picker.matchOnDetail = true;
    picker.items = rows;
    try {
      return await new Promise<T | undefined>((resolve) => {
        scope.add(picker.onDidAccept(() => resolve(picker.activeItems[0]?.item.value)));
        scope.add(picker.onDidTriggerItemButton(({ item, button }) => resolve(item.values.get(button))));
        scope.add(picker.onDidHide(() => resolve(undefined)));
        if (accept) {
          scope.add(
            picker.onDidChangeValue((text) => {
              const typed = items.some(({ label }) => label === text.trim()) ? undefined : accept(text.trim());
              picker.items = typed ? [row(typed), ...rows] : rows;
            }),
          );
        }
        picker.show();
      });
    } finally {
      await scope.dispose();
    }
  }
}

interface Row<T> extends vscode.QuickPickItem {
  readonly item: PickItem<T>;
  readonly values: ReadonlyMap<vscode.QuickInputButton, T>;
}

function row<T>(item: PickItem<T>): Row<T> {
  const buttons = (item.buttons ?? []).map(({ icon, label, value }) => {
    const button: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon(icon), tooltip: label };
    return [button, value] as const;
  });
  return {
    label: withoutIcons(item.label),
    ...(item.icon !== undefined && { iconPath: new vscode.ThemeIcon(item.icon) }),
    ...(item.description !== undefined && { description: withoutIcons(item.description) }),
    ...(item.detail !== undefined && { detail: withoutIcons(item.detail) }),
    buttons: buttons.map(([button]) => button),
    item,
    values: new Map(buttons),
  };
}
