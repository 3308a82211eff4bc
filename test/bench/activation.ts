// One activation in a fresh process: loads the packaged bundle, activates it, then calls a command, for which everything else
// of a window is loaded; prints the times. VS Code itself is replaced
// by an object that accepts everything, so that only our own code is measured.
import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';

/** Anything: callable, constructible, and every property is again anything. */
function anything(): unknown {
  const known = new Map<PropertyKey, unknown>();
  const target = function anything(): void {};
  return new Proxy(target, {
    get: (_self, key) => {
      // Awaiting it must end, and it must be printable.
      if (key === 'then') return undefined;
      if (key === Symbol.toPrimitive) return () => '';
      if (key === Symbol.iterator) return [][Symbol.iterator];
      if (key === 'prototype') return Object.prototype;
      if (!known.has(key)) known.set(key, anything());
      return known.get(key);
    },
    set: (_self, key, value) => {
      known.set(key, value);
      return true;
    },
    apply: () => anything(),
    construct: () => anything() as object,
  });
}

type Command = () => Promise<unknown>;

/** What was registered, by id. */
const commands = new Map<string, Command>();

/** Every name that the API exports, as properties of its own: that is what a bundle looks for. */
function replacement(): unknown {
  const types = readFileSync(join(__dirname, '../../../node_modules/@types/vscode/index.d.ts'), 'utf8');
  const names = types.matchAll(/^\texport (?:abstract )?(?:namespace|class|enum|const|let|function) (\w+)/gm);
  const api = Object.fromEntries([...names].map(([, name]) => [name, anything()])) as {
    window: Record<string, unknown>;
    commands: Record<string, unknown>;
  };
  // An activation that fails says so to the person: it must not count as a fast one.
  api.window['showErrorMessage'] = (message: string): never => {
    throw new Error(message);
  };
  api.commands['registerCommand'] = (id: string, run: Command): unknown => {
    commands.set(id, run);
    return anything();
  };
  return api;
}

const vscode = replacement();
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const load = loader._load;
loader._load = (request, ...rest) => (request === 'vscode' ? vscode : load(request, ...rest));

const start = performance.now();
const extension = Module.createRequire(__filename)(join(__dirname, '../../../dist/extension.js')) as { activate(context: unknown): unknown };
const loaded = performance.now();

async function main(): Promise<void> {
  await extension.activate(anything());
  const activated = performance.now();
  const command = commands.get('sallyport.showLog');
  if (!command) throw new Error('The command is not registered.');
  await command();
  const open = performance.now();
  console.log(JSON.stringify({ loadMs: loaded - start, activateMs: activated - loaded, windowMs: open - activated }));
  process.exit(0);
}

void main();
