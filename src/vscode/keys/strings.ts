import type { KeyspaceOverview } from '../../model/redisKeys';
import type { KeysStrings } from '../../webview/protocol';
import type { Localizer } from '../localizer';

export function keysStrings(l10n: Localizer, title: string): KeysStrings {
  return { title, ...searchStrings(l10n), ...stateStrings(l10n), ...valueStrings(l10n), ...editStrings(l10n) };
}

function searchStrings(l10n: Localizer) {
  return {
    keysLabel: l10n.t('Keys'),
    filterLabel: l10n.t('Pattern of the keys'),
    filterHint: l10n.t('Pattern, e.g. user:*, or a whole name'),
    typeLabel: l10n.t('Type'),
    allTypes: l10n.t('All types'),
    separatorLabel: l10n.t('Separator'),
    databaseLabel: l10n.t('Database'),
    refresh: l10n.t('Refresh'),
    more: l10n.t('Load More'),
    stop: l10n.t('Stop'),
    searching: l10n.t('Searching…'),
    found: l10n.t('{0} keys so far'),
    foundOf: l10n.t('{0} of about {1} keys'),
    foundAll: l10n.t('{0} keys'),
    full: l10n.t('More are not kept; narrow the pattern.'),
    unseenKeys: l10n.t('{0} have names that are too long to be shown.'),
    noKeys: l10n.t('This database has no keys.'),
    noMatch: l10n.t('No key matches.'),
    folder: l10n.t('{0}, {1} keys'),
    deleteMany: l10n.t('Delete {0} Marked…'),
  } as const;
}

function stateStrings(l10n: Localizer) {
  return {
    nothingOpen: l10n.t('Choose a key to see its value.'),
    opening: l10n.t('Opening…'),
    connecting: l10n.t('Connecting…'),
    lost: l10n.t('The connection was lost. The next thing you do connects again.'),
    tunnelClosed: l10n.t('The tunnel is closed. Connect it again to go on here.'),
    connect: l10n.t('Connect'),
    readOnly: l10n.t('read-only · production'),
    unlocked: l10n.t('production · writes unlocked, {0} min left'),
    unlock: l10n.t('Unlock Writes…'),
    lock: l10n.t('Lock Writes'),
  } as const;
}

function valueStrings(l10n: Localizer) {
  return {
    noExpiry: l10n.t('never'),
    // The holes of all these are filled by the page.
    expiresIn: l10n.t('in {0}'),
    expired: l10n.t('just now'),
    memory: l10n.t('Memory'),
    encoding: l10n.t('Encoding'),
    length: l10n.t('Length'),
    type: l10n.t('Type'),
    ttl: l10n.t('Expires'),
    field: l10n.t('Field'),
    fields: l10n.t('Fields'),
    value: l10n.t('Value'),
    member: l10n.t('Member'),
    score: l10n.t('Score'),
    index: l10n.t('Index'),
    id: l10n.t('ID'),
    actions: l10n.t('Actions'),
    next: l10n.t('Next Page'),
    previous: l10n.t('Previous Page'),
    first: l10n.t('First Page'),
    page: l10n.t('Page {0}'),
    escapedNote: l10n.t('Shown with escapes, since it is no plain text: \\xNN is a byte, \\\\ a backslash.'),
    cutNote: l10n.t('Too large to be shown as a whole.'),
    partNote: l10n.t('Too large to be edited here; this part begins at {0}.'),
    unseenElements: l10n.t('{0} more on this page are too many or too large to be shown.'),
    noView: l10n.t('Values of type {0} cannot be shown here; the console can ask for them.'),
    goneKey: l10n.t('This key is not there any more.'),
  } as const;
}

function editStrings(l10n: Localizer) {
  return {
    rename: l10n.t('Rename…'),
    setTtl: l10n.t('Set Expiry…'),
    delete: l10n.t('Delete…'),
    reload: l10n.t('Reload'),
    save: l10n.t('Save'),
    saving: l10n.t('Saving…'),
    revert: l10n.t('Revert'),
    edit: l10n.t('Edit'),
    remove: l10n.t('Remove…'),
    addField: l10n.t('Add Field…'),
    addMember: l10n.t('Add Member…'),
    addEntry: l10n.t('Add Entry…'),
    addHead: l10n.t('Add at the Head…'),
    addTail: l10n.t('Add at the Tail…'),
    cancel: l10n.t('Cancel'),
    changed: l10n.t('It was changed meanwhile, and nothing was saved. Compare with what is there now; saving again overwrites it.'),
    goneElement: l10n.t('It is not on this page any more. What you typed is still here.'),
    nowThere: l10n.t('Now there:'),
    saved: l10n.t('Saved.'),
    tooLarge: l10n.t('Too large to be saved from here.'),
    editing: l10n.t('Edit {0}'),
    adding: l10n.t('Add'),
    fieldsHint: l10n.t('One field per line, name=value; \\n is a new line, \\\\ a backslash, \\xNN a byte.'),
  } as const;
}

/** What the page does not show, and why; empty when all is there. */
export function overviewNote({ denied, cluster }: KeyspaceOverview, l10n: Localizer): string {
  const node = cluster ? l10n.t('This is one node of a cluster: only the keys of the node that the tunnel reaches are shown.') : '';
  const rights = denied.length > 0 ? l10n.t('This user may not run {0}; what they would tell is missing here.', denied.join(', ')) : '';
  return [node, rights].filter((text) => text !== '').join(' ');
}
