import * as vscode from 'vscode';
import { Scope } from '../base/scope';
import type { ViewName } from './contributions';
import { VIEWS } from './contributions';

/** The rows of a view; ids stand for rows. */
export type Rows = Required<vscode.TreeDataProvider<string>>;

/**
 * A view that VS Code knows from the start and for good, while its rows come later: whoever makes them is called when the
 * view is first about to be seen. VS Code does not let a view be handed over to another provider of rows.
 */
export class ViewPlace implements vscode.TreeDataProvider<string> {
  readonly view: vscode.TreeView<string>;
  readonly #scope = new Scope();
  readonly #changes: vscode.EventEmitter<Parameters<Parameters<Rows['onDidChangeTreeData']>[0]>[0]>;
  readonly #fetch: () => Promise<unknown>;
  #rows: Rows | undefined;
  /** Whether VS Code was told that there are no rows since nobody made them. */
  #gaveNone = false;

  readonly onDidChangeTreeData: Rows['onDidChangeTreeData'];

  /** @param fetch has somebody call `show`; if nobody does, the view stays empty */
  constructor(name: ViewName, fetch: () => Promise<unknown>) {
    this.#fetch = fetch;
    this.#changes = this.#scope.add(new vscode.EventEmitter());
    this.onDidChangeTreeData = this.#changes.event;
    this.view = this.#scope.add(
      vscode.window.createTreeView(VIEWS[name], {
        treeDataProvider: this,
        showCollapseAll: name === 'resources',
        // For copying; every other command takes the row that it was called on.
        canSelectMany: name === 'resources',
      }),
    );
  }

  /** Shows these rows until they are disposed. */
  show(rows: Rows): vscode.Disposable {
    this.#rows = rows;
    const following = rows.onDidChangeTreeData((changed) => this.#changes.fire(changed));
    if (this.#gaveNone) this.#changes.fire(undefined);
    this.#gaveNone = false;
    return {
      dispose: () => {
        following.dispose();
        if (this.#rows === rows) this.#rows = undefined;
      },
    };
  }

  async getChildren(id?: string): Promise<string[]> {
    // VS Code asks for the roots only of a view that is about to be seen.
    if (!this.#rows && id === undefined) await this.#fetch();
    if (!this.#rows) this.#gaveNone = true;
    return (await this.#rows?.getChildren(id)) ?? [];
  }

  getParent(id: string): vscode.ProviderResult<string> {
    return this.#rows?.getParent(id);
  }

  getTreeItem(id: string): vscode.TreeItem | Thenable<vscode.TreeItem> {
    return this.#rows?.getTreeItem(id) ?? new vscode.TreeItem('');
  }

  resolveTreeItem(item: vscode.TreeItem, id: string, token: vscode.CancellationToken): vscode.ProviderResult<vscode.TreeItem> {
    return this.#rows?.resolveTreeItem(item, id, token) ?? item;
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }
}
