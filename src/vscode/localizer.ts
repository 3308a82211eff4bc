/** Translates UI text, `{0}` being the first argument: `vscode.l10n`, or `plainText` where there is no VS Code. */
export interface Localizer {
  t(message: string, ...args: (string | number | boolean)[]): string;
}

/** The untranslated text. */
export const plainText: Localizer = {
  t: (message, ...args) => message.replaceAll(/\{(\d+)\}/g, (hole, index: string) => String(args[Number(index)] ?? hole)),
};
