import * as vscode from 'vscode';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';
import { formatLogLine } from '../base/log';

export interface LogChannel extends Logger, Disposable {
  show(): void;
}

/** The output channel "Sallyport"; its level is set in VS Code's own menu. Secrets are taken out on the way in. */
export function openLogChannel(): LogChannel {
  const channel = vscode.window.createOutputChannel('Sallyport', { log: true });
  let open = true;
  return {
    log: (level, event, fields) => {
      // A closed channel throws, and whoever logs that late must not fail for it.
      if (open) channel[level](formatLogLine(event, fields));
    },
    show: () => channel.show(true),
    dispose: () => {
      open = false;
      channel.dispose();
    },
  };
}
