import * as vscode from 'vscode';
import { MARK_LOOKS, markText } from './rowMarks';
import type { RowMark } from './viewNode';

/** Of addresses that stand for nothing but a marked row. */
const SCHEME = 'sallyport-row';

/** The address by which VS Code asks for the decoration of a row: another mark is another address, so none ever changes. */
export function markUri(rowId: string, mark: RowMark): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${mark}/${encodeURIComponent(rowId)}` });
}

/** Badges and colours of rows whose resource cannot be used now. */
export function decorateRows(): vscode.Disposable {
  return vscode.window.registerFileDecorationProvider({
    provideFileDecoration({ scheme, path }) {
      const mark = path.split('/')[1] ?? '';
      if (scheme !== SCHEME || !isMark(mark)) return undefined;
      const { badge, color } = MARK_LOOKS[mark];
      return new vscode.FileDecoration(badge, markText(mark, vscode.l10n), new vscode.ThemeColor(color));
    },
  });
}

function isMark(text: string): text is RowMark {
  return Object.hasOwn(MARK_LOOKS, text);
}
