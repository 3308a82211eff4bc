// One activation in a fresh process: loads the packaged bundle, activates it, prints both times. VS Code itself is replaced
// by an object that accepts everything, so that only our own code is measured.
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

const vscode = anything();
const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const load = loader._load;
loader._load = (request, ...rest) => (request === 'vscode' ? vscode : load(request, ...rest));

const start = performance.now();
// eslint-disable-next-line typescript/no-require-imports -- the bundle is CommonJS, and loading it is what is measured
const extension = require(join(__dirname, '../../../dist/extension.js')) as { activate(context: unknown): unknown };
const loaded = performance.now();
void Promise.resolve(extension.activate(anything())).then(() => {
  const end = performance.now();
  console.log(JSON.stringify({ loadMs: loaded - start, activateMs: end - loaded }));
  process.exit(0);
});
