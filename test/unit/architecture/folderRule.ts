/** The table of src/ARCHITECTURE.md: what each folder of src/ may import besides itself. A path with a slash is that one module. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  wire: ['base'],
  ssh: ['base', 'model'],
  transport: ['base', 'model', 'wire', 'ssh'],
  aws: ['base', 'model'],
  tunnel: ['base', 'model', 'wire', 'transport'],
  gateway: ['base', 'model', 'wire', 'tunnel'],
  redis: ['base', 'model', 'wire'],
  doctor: ['base', 'model', 'aws'],
  audit: ['base', 'model', 'aws'],
  broker: ['base', 'model', 'wire', 'ssh', 'transport', 'aws', 'tunnel', 'gateway', 'redis', 'doctor', 'audit'],
  vscode: ['base', 'model', 'redis/types', 'broker/client', 'webview/protocol'],
  webview: ['model'],
  cli: ['base', 'model', 'broker/client'],
};

/** What the composition root joins: everything; it is held down by its length instead. */
export const ROOT = 'extension';
export const ROOT_LINES = 60;

/** Packages that a folder may import; Node's own modules are a matter of NO_IO. */
export const PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  transport: [/^ssh2$/],
  aws: [/^@aws-sdk\//, /^@smithy\//],
  tunnel: [],
  redis: [/^ioredis$/],
  broker: [/^vscode-jsonrpc\/node$/],
  vscode: [/^vscode$/],
  extension: [/^vscode$/],
};

/** Node's modules for folders that do no I/O: what is not listed is forbidden there. */
export const PURE_NODE: Readonly<Record<string, readonly string[]>> = {
  // `tls` for its list of trusted certificates; it opens nothing.
  base: ['node:tls'],
  // A type alone: `Duplex` is the shape of a stream, wherever it comes from.
  model: ['node:stream'],
  wire: ['node:crypto', 'node:buffer'],
  webview: [],
};

/** Names whose use is I/O, a timer or a clock. */
export const IMPURE_NAMES = /(?<![.#\w$])(?:(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)\s*\(|(?:process|console|performance|Date)\.|new Date\b|Math\.random\b)/;

/** Folder of a file of src/: `src/wire/ssm/frame` → `wire`, `src/extension` → `extension`. */
export function folderOf(file: string): string {
  return file.split('/')[1]!.replace(/\.ts$/, '');
}

/** Why this import breaks the rule; undefined when it does not. `to` is the imported file below src/, without extension. */
export function objection(from: string, to: string): string | undefined {
  const own = folderOf(from);
  const other = folderOf(to);
  if (own === other || own === ROOT) return undefined;
  const allowed = MAY_IMPORT[own];
  if (!allowed) return `${own}/ is not in the table`;
  const module = to.replace(/^src\//, '').replace(/\/index$/, '');
  return allowed.includes(other) || allowed.includes(module) ? undefined : `${own}/ may not import ${module}`;
}
