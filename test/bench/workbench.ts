// The little of VS Code that a tree view needs, and the questions that VS Code puts to it: every row that can be seen.
import Module from 'node:module';
import type { NodeView } from '../../src/vscode/nodeView';

class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void): { dispose(): void } => {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  };
  fire(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

const never = new Emitter<never>().event;
const collapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };

const vscode = {
  EventEmitter: Emitter,
  TreeItemCollapsibleState: collapsibleState,
  TreeItem: class {
    readonly label: string;
    readonly collapsibleState: number;
    constructor(label: string, state: number) {
      this.label = label;
      this.collapsibleState = state;
    }
  },
  ThemeIcon: class {
    readonly id: string;
    constructor(id: string) {
      this.id = id;
    }
  },
  ThemeColor: class {
    readonly id: string;
    constructor(id: string) {
      this.id = id;
    }
  },
  Uri: { from: () => ({}), joinPath: () => ({}) },
  MarkdownString: class {
    readonly value: string;
    constructor(value: string) {
      this.value = value;
    }
  },
  window: {
    createTreeView: () => ({
      visible: true,
      onDidChangeVisibility: never,
      onDidExpandElement: never,
      onDidCollapseElement: never,
      reveal: async () => {},
      dispose: () => {},
    }),
  },
};

/** From now on `vscode` is found, in this process, as far as it goes here. */
export function installWorkbench(): void {
  const loader = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  loader._load = (request, ...rest) => (request === 'vscode' ? vscode : load(request, ...rest));
}

/** Row ids of bastions and targets. */
const RESOURCE = /^(?:bastion|target):/;

/**
 * Asks a view for the rows that can be seen, as VS Code does when it is told that they changed: level by level, and each
 * row of an open level.
 */
export class Workbench {
  readonly #view: NodeView;
  readonly #shown = new Map<string, readonly string[]>();
  readonly #listening: { dispose(): void };
  #asking: Promise<void> = Promise.resolve();
  #firstAt: number | undefined;
  #lastAt = NaN;

  constructor(view: NodeView) {
    this.#view = view;
    this.#listening = view.onDidChangeTreeData((changed) => this.#ask(changed));
    this.#ask(undefined);
  }

  /** When the first bastion or target was seen, by `performance.now`. */
  get firstAt(): number | undefined {
    return this.#firstAt;
  }

  /** When the last change was seen, by `performance.now`. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Bastions and targets that can be seen. */
  get resources(): number {
    let count = 0;
    for (const rows of this.#shown.values()) for (const id of rows) if (RESOURCE.test(id)) count++;
    return count;
  }

  /** Resolves when VS Code knows everything that it was told of. */
  async settled(): Promise<void> {
    for (let asking: Promise<void> | undefined; asking !== this.#asking; ) await (asking = this.#asking);
  }

  dispose(): void {
    this.#listening.dispose();
  }

  #ask(changed: readonly string[] | undefined | null | void | string): void {
    const ids: readonly (string | undefined)[] = Array.isArray(changed) ? (changed as string[]) : [undefined];
    this.#asking = this.#asking.then(async () => {
      for (const id of ids) await this.#level(id);
      this.#lastAt = performance.now();
    });
  }

  async #level(id: string | undefined): Promise<void> {
    // VS Code is another process: each question comes in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    if (id !== undefined) this.#view.getTreeItem(id);
    const rows = this.#view.getChildren(id);
    this.#shown.set(id ?? '', rows);
    const open: string[] = [];
    for (const row of rows) {
      const { collapsibleState: state } = this.#view.getTreeItem(row);
      // The rows of bastions are closed at first; here they are opened, so that every resource is seen.
      if (Number(state) === collapsibleState.Expanded || row.startsWith('bastions:')) open.push(row);
      if (RESOURCE.test(row)) this.#firstAt ??= performance.now();
    }
    for (const row of open) await this.#level(row);
  }
}
