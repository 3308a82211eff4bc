export interface PageHtmlOptions {
  /** Base64, new for each page. */
  readonly nonce: string;
  /** `webview.cspSource`: where the webview's own resources come from. */
  readonly cspSource: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  /** BCP 47, for screen readers. */
  readonly language: string;
  readonly title: string;
}

/** The page's frame. Everything it shows comes later as messages; nothing but our own script runs, and nothing is fetched. */
export function pageHtml({ nonce, cspSource, scriptUri, styleUri, language, title }: PageHtmlOptions): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource}`;
  return `<!DOCTYPE html>
<html lang="${escaped(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escaped(styleUri)}">
<title>${escaped(title)}</title>
</head>
<body>
<script nonce="${escaped(nonce)}" src="${escaped(scriptUri)}"></script>
</body>
</html>
`;
}

function escaped(value: string): string {
  return value.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
