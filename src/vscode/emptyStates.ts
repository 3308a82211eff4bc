import type { ItemWord, ResourcesContext } from './contributions';
import type { ViewNode } from './viewNode';

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
