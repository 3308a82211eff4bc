import type { ItemWord, ResourcesContext } from './contributions';
import type { Localizer } from './localizer';
import { labelText } from './safeText';
import type { TreeState } from './treeCommands';
import type { ViewNode } from './viewNode';
import { joined } from './wording';

/** Decides between rows and welcome content, and what stands beside the view's title. */
export class ResourceDisplay {
  readonly #tree: Pick<TreeState, 'filter'>;
  readonly #l10n: Localizer;
  #empty: EmptyState | undefined;
  #places: string | undefined;

  constructor(tree: Pick<TreeState, 'filter'>, l10n: Localizer) {
    this.#tree = tree;
    this.#l10n = l10n;
  }

  /** What of the rows is shown: all of them, or none where welcome content says more. */
  take(rows: readonly ViewNode[]): readonly ViewNode[] {
    this.#empty = emptyState(rows);
    this.#places = this.#empty && placesText(rows);
    return this.#empty ? [] : rows;
  }

  /** Of the rows that were taken last. */
  get empty(): EmptyState | undefined {
    return this.#empty;
  }

  /** The filter; or else of which profiles and regions the welcome content speaks, which no row says then. */
  get heading(): string | undefined {
    const { filter } = this.#tree;
    return filter === '' ? this.#places : labelText(this.#l10n.t('filter: {0}', filter));
  }
}

/** `prod eu-central-1, us-east-1 · dev`: the first two levels of rows. */
function placesText(roots: readonly ViewNode[]): string {
  const regions = ({ children = [] }: ViewNode): string[] => children.flatMap(({ label, words }) => (words.includes('region') ? label : []));
  return labelText(joined(roots.map((root) => [root.label, regions(root).join(', ')].filter(Boolean).join(' '))));
}

/** States in which rows would say less than welcome content with its next step. */
type EmptyState = Extract<ResourcesContext, 'signIn' | 'nothing' | 'filtered'>;

/**
 * What stands instead of the rows of the Resources view, when they have nothing but one and the same thing to say: that
 * somebody has to sign in, that there is nothing, or that the filter leaves nothing. Undefined where they say anything else.
 */
export function emptyState(roots: readonly ViewNode[]): EmptyState | undefined {
  let state: EmptyState | undefined;
  for (const leaf of leaves(roots)) {
    const own = STATE_OF.find(([word]) => leaf.words.includes(word))?.[1];
    const both = own && joint(state, own);
    if (both === undefined) return undefined;
    state = both;
  }
  return state;
}

const STATE_OF: readonly (readonly [ItemWord, EmptyState])[] = [
  ['signIn', 'signIn'],
  ['nothing', 'nothing'],
  ['filtered', 'filtered'],
];

/** A region without anything beside one whose resources do not match: it is the filter that leaves the view empty. */
function joint(before: EmptyState | undefined, own: EmptyState): EmptyState | undefined {
  if (before === undefined || before === own) return own;
  return before !== 'signIn' && own !== 'signIn' ? 'filtered' : undefined;
}

function* leaves(nodes: readonly ViewNode[]): Generator<ViewNode, void, undefined> {
  for (const node of nodes) {
    if (node.children && node.children.length > 0) yield* leaves(node.children);
    else yield node;
  }
}
