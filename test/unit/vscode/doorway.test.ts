import assert from 'node:assert/strict';
import Module from 'node:module';
import { Scope } from '../../../src/base/scope';
import type { DoorwayDeps, Entrance, OpenWindow } from '../../../src/vscode/doorway';
import { eventually } from '../../fixtures/eventually';

type Listener = (event: { affectsConfiguration(key: string): boolean }) => void;

/** As much of VS Code as a doorway needs, and what it has been told. */
class FakeVsCode {
  readonly commands = new Map<string, (...args: unknown[]) => Promise<void>>();
  readonly context = new Map<string, unknown>();
  readonly settings = new Map<string, unknown>();
  readonly views = new Map<string, { message?: string; rows: { getChildren(id?: string): Promise<string[]> } }>();
  readonly errors: string[] = [];
  readonly listeners = new Set<Listener>();
  readonly status = { text: '', isShown: false };

  readonly api = {
    ConfigurationTarget: { Global: 1, Workspace: 2, WorkspaceFolder: 3 },
    StatusBarAlignment: { Left: 1 },
    EventEmitter: class {
      readonly event = (): { dispose(): void } => ({ dispose: () => {} });
      fire(): void {}
      dispose(): void {}
    },
    MarkdownString: String,
    l10n: { t: (text: string, ...values: unknown[]) => text.replaceAll(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)])) },
    commands: {
      registerCommand: (id: string, run: (...args: unknown[]) => Promise<void>) => {
        assert.ok(!this.commands.has(id), `${id} is registered twice`);
        this.commands.set(id, run);
        return { dispose: () => void this.commands.delete(id) };
      },
      executeCommand: async (_command: string, key: string, value: unknown) => void this.context.set(key, value),
    },
    workspace: {
      getConfiguration: () => ({
        get: (key: string) => this.settings.get(key),
        inspect: (key: string) => ({ globalValue: this.settings.get(key) }),
      }),
      onDidChangeConfiguration: (listener: Listener) => {
        this.listeners.add(listener);
        return { dispose: () => void this.listeners.delete(listener) };
      },
    },
    window: {
      createStatusBarItem: () =>
        Object.assign(this.status, { show: () => (this.status.isShown = true), hide: () => (this.status.isShown = false), dispose: () => {} }),
      createTreeView: (id: string, { treeDataProvider: rows }: { treeDataProvider: { getChildren(id?: string): Promise<string[]> } }) => {
        const view = { rows, dispose: () => void this.views.delete(id) };
        this.views.set(id, view);
        return view;
      },
      showErrorMessage: async (text: string) => void this.errors.push(text),
    },
  };

  set(key: string, value: unknown): void {
    this.settings.set(key, value);
    for (const listener of this.listeners) listener({ affectsConfiguration: (asked) => asked === key });
  }
}

const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
const load = loader._load;

describe('a doorway', () => {
  let vscode: FakeVsCode;
  let scope: Scope;
  let ran: unknown[][];
  let openings: Entrance[];
  let looks: number;

  async function enter(deps: Partial<Pick<DoorwayDeps, 'open'>> & { readonly broker?: boolean } = {}): Promise<void> {
    const open = async (entrance: Entrance): Promise<OpenWindow> => {
      openings.push(entrance);
      return { run: async (...call) => void ran.push(call), dispose: async () => void ran.push(['disposed']) };
    };
    const brokerIsHere = async (): Promise<boolean> => {
      looks++;
      return deps.broker ?? false;
    };
    const { addDoorway } = await import('../../../src/vscode/doorway');
    addDoorway(scope, { log: { log: () => {}, show: () => {}, dispose: () => {} }, open: deps.open ?? open, brokerIsHere });
  }

  // Modules are loaded once and keep what they were given: it stands for the fake of each test.
  const names = Object.keys(new FakeVsCode().api) as (keyof FakeVsCode['api'])[];
  const stand = Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, { enumerable: true, get: () => vscode.api[name] }])));

  before(() => {
    loader._load = (request, ...rest) => (request === 'vscode' ? stand : load(request, ...rest));
  });

  after(() => {
    loader._load = load;
  });

  beforeEach(() => {
    vscode = new FakeVsCode();
    scope = new Scope();
    [ran, openings, looks] = [[], [], 0];
  });

  afterEach(() => scope.dispose());

  it('opens nothing by itself where nothing runs and nothing is to start', async () => {
    vscode.settings.set('sallyport.connections', [{ name: 'orders' }, 'nonsense', { name: 'other', autoStart: 'yes' }]);
    await enter();
    await eventually(() => looks === 1, 'it has looked for a broker');
    assert.equal(openings.length, 0);
    assert.equal(vscode.context.get('sallyport.resourcesState'), 'loading');
    assert.equal(vscode.context.get('sallyport.hasConnections'), true);
    assert.deepEqual([vscode.status.isShown, vscode.status.text], [true, '$(plug) 0 tunnels']);
  });

  it('opens at once for a connection that starts by itself', async () => {
    vscode.settings.set('sallyport.connections', [{ name: 'orders', autoStart: true }]);
    await enter();
    await eventually(() => openings.length === 1, 'opened');
    assert.equal(openings[0]?.startsConnections, true);
  });

  it('opens at once where a broker runs, and starts nothing then', async () => {
    await enter({ broker: true });
    await eventually(() => openings.length === 1, 'opened');
    assert.equal(openings[0]?.startsConnections, false);
  });

  it('starts no connection that was set to start by itself after the window had opened', async () => {
    await enter();
    vscode.set('sallyport.connections', [{ name: 'orders', autoStart: true }]);
    assert.equal(vscode.context.get('sallyport.hasConnections'), true);
    await vscode.commands.get('sallyport.showLog')?.();
    assert.equal(openings[0]?.startsConnections, false);
  });

  it('hands a command over with its rows, and opens once for commands and views', async () => {
    await enter();
    const run = vscode.commands.get('sallyport.copyArn')!;
    const { rows } = vscode.views.get('sallyport.resources')!;
    await Promise.all([run('row', ['row', 'other']), rows.getChildren()]);
    assert.deepEqual(ran, [['copyArn', 'row', ['row', 'other']]]);
    assert.equal(openings.length, 1);
  });

  it('follows the settings of the status bar until the rest does so', async () => {
    await enter();
    vscode.set('sallyport.statusBar.hideWhenUnused', true);
    assert.equal(vscode.status.isShown, false);
    await vscode.commands.get('sallyport.showLog')?.();
    assert.equal(vscode.listeners.size, 0);
    vscode.set('sallyport.statusBar.hideWhenUnused', false);
    assert.equal(vscode.status.isShown, false);
  });

  it('says once in one sentence that the rest could not be loaded, also in the views, and tries again', async () => {
    let isBroken = true;
    const open = async (): Promise<OpenWindow> => {
      if (isBroken) throw new Error('Cannot find module');
      return { run: async (...call) => void ran.push(call), dispose: async () => {} };
    };
    await enter({ open });
    const { rows } = vscode.views.get('sallyport.connections')!;
    const [, children] = await Promise.all([vscode.commands.get('sallyport.refresh')?.(), rows.getChildren()]);
    assert.deepEqual(children, []);
    assert.equal(vscode.errors.length, 1);
    assert.match(vscode.errors[0]!, /^Sallyport could not start: /);
    assert.equal(vscode.views.get('sallyport.resources')?.message, vscode.errors[0]);
    assert.notEqual(vscode.context.get('sallyport.resourcesState'), 'loading');
    isBroken = false;
    await vscode.commands.get('sallyport.refresh')?.();
    assert.deepEqual(ran, [['refresh', undefined, undefined]]);
    assert.equal(vscode.views.get('sallyport.resources')?.message, '');
  });

  it('disposes what is still being opened, and leaves nothing behind', async () => {
    let isOpen = (): void => {};
    const opening = new Promise<void>((resolve) => (isOpen = resolve));
    const open = async (): Promise<OpenWindow> => {
      await opening;
      return { run: async (...call) => void ran.push(call), dispose: async () => void ran.push(['disposed']) };
    };
    await enter({ open });
    const running = vscode.commands.get('sallyport.refresh')?.();
    const disposal = scope.dispose();
    await eventually(() => vscode.commands.size === 0, 'the commands are gone');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(vscode.views.size, 2, 'what is being opened still has its places');
    isOpen();
    await Promise.all([running, disposal]);
    assert.deepEqual(ran, [['disposed']]);
    assert.deepEqual([vscode.views.size, vscode.listeners.size], [0, 0]);
  });
});
