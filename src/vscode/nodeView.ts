import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Disposable } from '../base/event';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import { markUri } from './rowDecorations';
import type { NodeIcon, ViewNode } from './viewNode';
import { NodeTree } from './viewNode';
import type { Rows, ViewPlace } from './viewPlace';

/** Changes within this time become one redraw, ms. */
const REDRAW_MS = 20;
/** A projection that needs longer goes on after so much time for others, ms. */
const BREATH_MS = 1;
/** What one projection may take of the event loop, about, ms. */
export const PROJECTION_MS = 6;

export interface NodeViewOptions {
  /** `complete` is false where it has to be called again: see `PROJECTION_MS`. */
  readonly project: () => { readonly rows: readonly ViewNode[]; readonly complete: boolean };
  /** Words beside the title; asked after each projection. */
  readonly heading?: () => string | undefined;
  readonly logger: Logger;
  /** The folder of our own pictures. */
  readonly media: vscode.Uri;
  /** Called each time the view is about to be seen; nothing may touch the network before its first call. */
  readonly onShown?: () => void;
  /** Called when the view can be seen no longer. */
  readonly onHidden?: () => void;
  /** Called when the person opens or closes a row. */
  readonly onToggled?: (row: ViewNode, isOpen: boolean) => void;
}

/** The rows of a view: they show what a projection says, and VS Code is asked to redraw only those that changed. */
export class NodeView implements Rows {
  readonly #scope = new Scope();
  readonly #options: NodeViewOptions;
  readonly #changes: vscode.EventEmitter<string[] | undefined>;
  readonly #view: vscode.TreeView<string>;
  readonly #tree: NodeTree;
  #redraw: Disposable | undefined;
  /** By the clock's `now`. */
  #drawnAt = -Infinity;

  readonly onDidChangeTreeData: vscode.Event<string[] | undefined>;

  constructor(place: Pick<ViewPlace, 'view' | 'show'>, options: NodeViewOptions) {
    this.#options = options;
    this.#tree = new NodeTree(options.project().rows);
    this.#changes = this.#scope.add(new vscode.EventEmitter<string[] | undefined>());
    this.onDidChangeTreeData = this.#changes.event;
    this.#view = place.view;
    this.#scope.add(
      this.#view.onDidChangeVisibility(({ visible }) => (visible ? this.#options.onShown?.() : this.#options.onHidden?.())),
    );
    this.#scope.add(this.#view.onDidExpandElement(({ element }) => this.#toggled(element, true)));
    this.#scope.add(this.#view.onDidCollapseElement(({ element }) => this.#toggled(element, false)));
    this.#scope.defer(() => this.#redraw?.dispose());
    this.#scope.add(place.show(this));
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  /** Call after each change of what the projection reads. One that comes after a rest is drawn at once. */
  update(): void {
    const wait = Math.max(0, this.#drawnAt + REDRAW_MS - systemClock.now());
    this.#redraw ??= systemClock.schedule(wait, () => this.#flush());
  }

  /** Selects the row if the view can be seen; does not open it, and leaves the focus where it is. */
  reveal(id: string): void {
    if (!this.visible) return;
    this.#flush();
    if (!this.#tree.get(id)) return;
    this.#view.reveal(id, { select: true, focus: false }).then(undefined, (error: unknown) => {
      this.#options.logger.log('debug', 'view.revealFailed', { error });
    });
  }

  getChildren(id?: string): string[] {
    if (id !== undefined) return [...this.#tree.children(id)];
    // VS Code asks for the roots only of a view that is about to be seen.
    this.#options.onShown?.();
    return [...this.#tree.roots];
  }

  getParent(id: string): string | undefined {
    return this.#tree.parent(id);
  }

  getTreeItem(id: string): vscode.TreeItem {
    const node = this.#tree.get(id);
    // A row can vanish between two questions about it.
    return node ? treeItem(node, this.#options.media) : new vscode.TreeItem('');
  }

  /** Ids of all rows below a row. */
  below(id: string): readonly string[] {
    return this.#tree.below(id);
  }

  /** For rows whose tooltip is made when the mouse or a screen reader asks for it. */
  resolveTreeItem(item: vscode.TreeItem, id: string): vscode.TreeItem {
    const node = this.#tree.get(id);
    if (node) item.tooltip ??= tooltip(node);
    return item;
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }

  #toggled(id: string, isOpen: boolean): void {
    const row = this.#tree.get(id);
    if (row) this.#options.onToggled?.(row, isOpen);
  }

  #flush(): void {
    this.#redraw?.dispose();
    this.#redraw = undefined;
    if (this.#scope.disposed) return;
    this.#drawnAt = systemClock.now();
    const { rows, complete } = this.#options.project();
    if (!complete) this.#redraw = systemClock.schedule(BREATH_MS, () => this.#flush());
    const changed = this.#tree.update(rows);
    const heading = this.#options.heading?.() ?? '';
    if (heading !== this.#view.description) this.#view.description = heading;
    if (changed === undefined) this.#changes.fire(undefined);
    else if (changed.length > 0) this.#changes.fire([...changed]);
  }
}

function treeItem(node: ViewNode, media: vscode.Uri): vscode.TreeItem {
  const { None, Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(node.label, 'children' in node ? (node.open ? Expanded : Collapsed) : None);
  item.id = node.id;
  item.contextValue = node.words.join(' ');
  if (node.description !== undefined) item.description = node.description;
  if (node.icon) item.iconPath = iconPath(node.icon, media);
  if (node.mark) item.resourceUri = markUri(node.id, node.mark);
  item.accessibilityInformation = { label: node.spoken ?? [node.label, node.description].filter(Boolean).join(', ') };
  if (node.facts === undefined) item.tooltip = tooltip(node);
  return item;
}

/** Neither trusted nor with icons or HTML: what is in it comes from AWS. */
function tooltip({ tooltip: text }: ViewNode): vscode.MarkdownString | undefined {
  return text === undefined ? undefined : new vscode.MarkdownString(text);
}

/** High contrast takes the picture for the dark or the light background that it has. */
function iconPath({ id, color, picture }: NodeIcon, media: vscode.Uri): vscode.ThemeIcon | { light: vscode.Uri; dark: vscode.Uri } {
  if (picture === undefined) return new vscode.ThemeIcon(id, color ? new vscode.ThemeColor(color) : undefined);
  return { light: vscode.Uri.joinPath(media, `${picture}-light.svg`), dark: vscode.Uri.joinPath(media, `${picture}-dark.svg`) };
}
