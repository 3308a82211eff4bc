import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONNECTION_METHODS, ENDPOINT_ROLES, MAX_CONNECTIONS, parseConnection, TARGET_KINDS } from '../../../src/model/connection';
import {
  commandId,
  COMMANDS, CONSOLE_TAB,
  CONTAINER,
  CONTEXT_KEYS,
  ITEM_WORDS,
  KEYS,
  RESOURCES_CONTEXTS,
  SETTINGS,
  VIEWS,
} from '../../../src/vscode/contributions';
import type { CommandName } from '../../../src/vscode/contributions';

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly icon: string;
  readonly activationEvents: readonly string[];
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string; readonly icon?: string }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly when: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly type: string; readonly default: unknown; readonly scope: string }>> };
  };
}

const text = readFileSync(join(process.cwd(), 'package.json'), 'utf8');
const manifest = JSON.parse(text) as Manifest;
const nls = JSON.parse(readFileSync(join(process.cwd(), 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;
const { commands, menus, views, viewsContainers, viewsWelcome, configuration } = manifest.contributes;
const names = Object.keys(COMMANDS) as CommandName[];
const whens = [...Object.values(menus).flat(), ...viewsWelcome].flatMap(({ when }) => (when === undefined ? [] : [when]));

describe('package.json', () => {
  it('has exactly the declared commands, with their icons', () => {
    const declared = names.map((name) => {
      const command = { command: commandId(name), title: `%command.${name}%`, category: 'Sallyport' };
      const { icon } = COMMANDS[name] as { icon?: string };
      return icon === undefined ? command : Object.assign(command, { icon });
    });
    assert.deepEqual(commands, declared);
  });

  it('has exactly the declared keys', () => {
    const declared = KEYS.map(({ command, key, when }) => ({ command: commandId(command), key, when }));
    assert.deepEqual(manifest.contributes.keybindings, declared);
  });

  it('offers in the palette what is declared for it', () => {
    const declared = names.flatMap((name) => {
      const { palette } = COMMANDS[name] as { palette?: string };
      return palette === undefined ? [] : [{ command: commandId(name), when: palette }];
    });
    assert.deepEqual(menus['commandPalette'], declared);
  });

  it('has exactly the declared settings, with their types, defaults and scopes', () => {
    const declared = Object.values(SETTINGS).map((setting) => [setting.key, [setting.type, setting.default, setting.scope]]);
    const contributed = Object.entries(configuration.properties).map(([key, { type, default: value, scope }]) => [key, [type, value, scope]]);
    assert.deepEqual(Object.fromEntries(contributed), Object.fromEntries(declared));
  });

  it('takes what names an identity, an account or a file from no workspace', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    const restricted = Object.values(SETTINGS).filter((setting) => setting.restricted);
    assert.equal(supported, 'limited');
    assert.deepEqual(restrictedConfigurations, restricted.map(({ key }) => key));
    assert.ok(restricted.every(({ scope }) => scope === 'machine'));
  });

  it('has exactly the declared views in the declared container', () => {
    assert.deepEqual(viewsContainers.activitybar.map(({ id }) => id), [CONTAINER]);
    assert.deepEqual(views[CONTAINER]?.map(({ id }) => id), Object.values(VIEWS));
    for (const { icon } of [...viewsContainers.activitybar, ...(views[CONTAINER] ?? []), manifest]) assert.ok(existsSync(icon), icon);
  });

  it('uses in its conditions only declared context keys and item words, and all of the keys', () => {
    const used = new Set(whens.flatMap((when) => when.match(/\bsallyport\.\w+/g) ?? []));
    const views_ = new Set<string>([...Object.values(VIEWS), CONSOLE_TAB]);
    const keys = [...used].filter((key) => !views_.has(key));
    assert.deepEqual(keys.toSorted(), Object.values(CONTEXT_KEYS).toSorted());
    const words = new Set(whens.flatMap((when) => [...when.matchAll(/viewItem =~ \/(.*?)\//g)].map(([, pattern]) => pattern!.replaceAll('\\b', ''))));
    assert.ok(words.size > 0);
    assert.deepEqual([...words].filter((word) => !(ITEM_WORDS as readonly string[]).includes(word)), []);
  });

  it('names only commands and views that exist', () => {
    const ids = new Set(names.map((name) => commandId(name) as string));
    const named = Object.values(menus).flat().map(({ command }) => command);
    assert.deepEqual(named.filter((id) => !ids.has(id)), []);
    const linked = Object.values(nls).flatMap((line) => [...line.matchAll(/\(command:([^)]+)\)/g)].map(([, id]) => id!));
    assert.ok(linked.length > 0);
    assert.deepEqual(linked.filter((id) => !ids.has(id)), []);
    const viewIds = new Set<string>(Object.values(VIEWS));
    const viewsNamed = [...whens.flatMap((when) => [...when.matchAll(/view == (\S+)/g)].map(([, id]) => id!)), ...viewsWelcome.map(({ view }) => view)];
    assert.deepEqual(viewsNamed.filter((id) => !viewIds.has(id)), []);
  });

  it('has welcome content for an empty view in every state that leaves it empty', () => {
    const states = viewsWelcome.filter(({ view }) => view === VIEWS.resources).map(({ when }) => /== (\w+)$/.exec(when ?? '')?.[1]);
    assert.deepEqual(states, RESOURCES_CONTEXTS.filter((state) => state !== 'shown'));
    assert.ok(viewsWelcome.some(({ view, when }) => view === VIEWS.connections && when === undefined));
  });

  it('has an icon on every button of a view', () => {
    const buttons = [...menus['view/title']!.filter(({ group }) => group?.startsWith('navigation')), ...menus['view/item/context']!.filter(({ group }) => group?.startsWith('inline'))];
    assert.ok(buttons.length > 0);
    const bare = buttons.filter(({ command }) => !commands.find((one) => one.command === command)?.icon);
    assert.deepEqual(bare, []);
  });

  it('offers by keyboard, in the context menu, whatever has an inline button', () => {
    const entries = menus['view/item/context']!;
    const inline = entries.filter(({ group }) => group!.startsWith('inline'));
    assert.ok(inline.length > 5);
    const missing = inline.filter((button) => !entries.some(({ command, when, group }) => command === button.command && when === button.when && !group!.startsWith('inline')));
    assert.deepEqual(missing, []);
  });

  it('uses each text of package.nls.json, and no other', () => {
    const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key!));
    assert.deepEqual([...used].toSorted(), Object.keys(nls).toSorted());
    assert.ok(Object.values(nls).every((line) => line.trim() !== ''));
  });

  it('is activated by its views and commands, and once a window has started: nothing else could look for autoStart', () => {
    assert.deepEqual(manifest.activationEvents, ['onStartupFinished']);
  });

  it('describes saved connections as they are parsed', () => {
    const schema = (configuration.properties['sallyport.connections'] as unknown as { items: ConnectionSchema }).items;
    const everything = {
      name: 'a',
      target: { id: 'a' },
      endpoint: 'reader',
      profile: 'a',
      region: 'eu-central-1',
      bastion: 'b',
      method: 'ssm',
      localPort: 1,
      bindAddress: '::1',
      autoStart: true,
      group: 'g',
      env: { A: '{url}' },
    };
    parseConnection(everything);
    assert.deepEqual(Object.keys(schema.properties), Object.keys(everything));
    assert.deepEqual(schema.required, ['name', 'target']);
    assert.deepEqual([schema.properties['endpoint']!.enum, schema.properties['method']!.enum], [ENDPOINT_ROLES, CONNECTION_METHODS]);
    const [, tag] = schema.properties['target']!.oneOf!;
    assert.deepEqual(tag!.properties!['kind']!.enum, TARGET_KINDS);
    assert.equal((configuration.properties['sallyport.connections'] as unknown as { maxItems: number }).maxItems, MAX_CONNECTIONS);
  });
});

interface ConnectionSchema {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, Schema>>;
}

interface Schema {
  readonly enum?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
}
