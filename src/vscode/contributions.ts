/**
 * Everything that package.json contributes, declared once and typed. A handler
 * that is missing is a compile error (`CommandHandlers`), and a unit test
 * compares these tables with package.json both ways.
 */

/** The container in the activity bar. */
export const CONTAINER = 'sallyport';

export const VIEWS = {
  connections: 'sallyport.connections',
  resources: 'sallyport.resources',
} as const;

export type ViewName = keyof typeof VIEWS;

/** The console's tab, by which menus and keys know it. */
export const CONSOLE_TAB = 'sallyport.redisConsole';

interface CommandDeclaration {
  /** Theme icon for buttons in views; absent where the command has no button. */
  readonly icon?: `$(${string})`;
  /** When the palette offers it: always unless told; `false` is never, since the command acts on a node. */
  readonly palette?: string;
}

/** Key: the command's id without its prefix. */
export const COMMANDS = {
  connect: { icon: '$(plug)', palette: 'false' },
  connectTo: { icon: '$(add)' },
  connectOnPort: {},
  connectThrough: {},
  stop: { icon: '$(debug-disconnect)', palette: 'sallyport.hasTunnels' },
  stopAll: { icon: '$(stop-circle)', palette: 'sallyport.hasTunnels' },
  reconnect: { icon: '$(sync)', palette: 'sallyport.hasTunnels' },
  showTunnel: { icon: '$(graph-line)', palette: 'sallyport.hasTunnels' },
  copyAddress: { icon: '$(copy)', palette: 'sallyport.hasTunnels' },
  saveConnection: {},
  startConnection: { icon: '$(debug-start)', palette: 'sallyport.hasConnections' },
  startGroup: { icon: '$(run-all)', palette: 'sallyport.hasConnections' },
  editConnections: { icon: '$(edit)' },
  forgetConnection: { palette: 'sallyport.hasConnections' },
  pingRedis: { icon: '$(pulse)' },
  openConsole: { icon: '$(terminal)' },
  benchmark: { icon: '$(dashboard)' },
  changeLogin: {},
  unlockWrites: {},
  lockWrites: {},
  searchHistory: {},
  refresh: { icon: '$(refresh)' },
  selectProfile: { icon: '$(account)' },
  selectRegion: { icon: '$(globe)' },
  groupBy: { icon: '$(list-tree)' },
  filterResources: { icon: '$(filter)' },
  clearFilter: { icon: '$(clear-all)', palette: 'sallyport.filtered' },
  copyPolicy: { icon: '$(law)' },
  copyEndpoint: {},
  copyArn: {},
  copyCli: {},
  copySession: {},
  openInAws: { icon: '$(link-external)' },
  signIn: { icon: '$(sign-in)' },
  showLog: { icon: '$(output)' },
  restartBroker: {},
  toggleTunnels: {},
} as const satisfies Readonly<Record<string, CommandDeclaration>>;

interface KeyDeclaration {
  readonly command: CommandName;
  readonly key: string;
  readonly when: string;
}

/** Keys of VS Code's own that mean something else in our pages, which get them as commands; on every system the same. */
export const KEYS: readonly KeyDeclaration[] = [
  {
    command: 'searchHistory',
    key: 'ctrl+r',
    // The page stays the active one while the person types elsewhere.
    when: `activeWebviewPanelId == '${CONSOLE_TAB}' && !terminalFocus && !inputFocus && !listFocus`,
  },
];

export type CommandName = keyof typeof COMMANDS;

export function commandId(name: CommandName): `sallyport.${CommandName}` {
  return `sallyport.${name}`;
}

/** A command can be called with anything, by anyone: each handler checks its arguments: a row, and all rows that are selected with it. */
export type CommandHandlers = Readonly<Record<CommandName, (argument: unknown, selection?: unknown) => Promise<void>>>;

interface SettingDeclaration<T extends string | boolean | number | object> {
  readonly key: `sallyport.${string}`;
  readonly type: T extends string ? 'string' : T extends number ? 'number' : T extends boolean ? 'boolean' : T extends readonly unknown[] ? 'array' : 'object';
  readonly default: T;
  /** `machine`: a workspace cannot set it. */
  readonly scope: 'machine' | 'window' | 'resource';
  /** Also ignored from an untrusted workspace, should its scope ever widen: it names a file, an identity, an account or a host. */
  readonly restricted: boolean;
}

export const SETTINGS = {
  profiles: { key: 'sallyport.profiles', type: 'object', default: {}, scope: 'machine', restricted: true },
  refreshMinutes: { key: 'sallyport.resources.refreshMinutes', type: 'number', default: 0, scope: 'machine', restricted: false },
  targets: { key: 'sallyport.targets', type: 'array', default: [], scope: 'machine', restricted: true },
  /** Read by `connectionsSettings` alone: what a workspace says is kept apart from what the person says. */
  connections: { key: 'sallyport.connections', type: 'array', default: [], scope: 'resource', restricted: false },
  bastionTag: { key: 'sallyport.bastionTag', type: 'string', default: 'sallyport=bastion', scope: 'machine', restricted: false },
  groupBy: { key: 'sallyport.resources.groupBy', type: 'string', default: 'type', scope: 'window', restricted: false },
  caFile: { key: 'sallyport.tls.caFile', type: 'string', default: '', scope: 'machine', restricted: true },
  productionTags: {
    key: 'sallyport.production.tags',
    type: 'array',
    default: ['env=prod*', 'env=prd*', 'env=live', 'environment=prod*', 'environment=prd*', 'environment=live', 'stage=prod*', 'stage=prd*', 'stage=live'],
    scope: 'machine',
    restricted: true,
  },
  productionAccounts: { key: 'sallyport.production.accounts', type: 'array', default: [], scope: 'machine', restricted: true },
  productionNames: {
    key: 'sallyport.production.namePatterns',
    type: 'array',
    default: ['prod', 'production', 'prd', 'live'],
    scope: 'machine',
    restricted: true,
  },
  productionUnlockMinutes: { key: 'sallyport.production.unlockMinutes', type: 'number', default: 15, scope: 'machine', restricted: false },
  pulseSeconds: { key: 'sallyport.console.pingSeconds', type: 'number', default: 2, scope: 'window', restricted: false },
  downSeconds: { key: 'sallyport.notifications.downSeconds', type: 'number', default: 20, scope: 'window', restricted: false },
  hideStatusWhenUnused: {
    key: 'sallyport.statusBar.hideWhenUnused',
    type: 'boolean',
    default: false,
    scope: 'window',
    restricted: false,
  },
  startStopped: { key: 'sallyport.bastions.startStopped', type: 'string', default: 'ask', scope: 'machine', restricted: true },
  holdSeconds: { key: 'sallyport.tunnels.holdSeconds', type: 'number', default: 10, scope: 'machine', restricted: false },
  brokerLinger: { key: 'sallyport.broker.lingerSeconds', type: 'number', default: 60, scope: 'machine', restricted: false },
  ssmClient: { key: 'sallyport.ssm.client', type: 'string', default: 'native', scope: 'machine', restricted: true },
  ssmPluginPath: { key: 'sallyport.ssm.pluginPath', type: 'string', default: '', scope: 'machine', restricted: true },
  ssmDocument: { key: 'sallyport.ssm.document', type: 'string', default: '', scope: 'machine', restricted: true },
  ssmMaxSessions: { key: 'sallyport.ssm.maxSessionsPerTunnel', type: 'number', default: 4, scope: 'machine', restricted: false },
  ssmKeepAlive: { key: 'sallyport.ssm.keepAlive', type: 'boolean', default: true, scope: 'machine', restricted: false },
  ssmMaxMinutes: { key: 'sallyport.ssm.maxSessionMinutes', type: 'number', default: 0, scope: 'machine', restricted: false },
  ssmPayloadBytes: { key: 'sallyport.ssm.payloadBytes', type: 'number', default: 1024, scope: 'machine', restricted: false },
  ssmPace: { key: 'sallyport.ssm.paceKilobytesPerSecond', type: 'number', default: 0, scope: 'machine', restricted: false },
  sshClient: { key: 'sallyport.ssh.client', type: 'string', default: 'builtin', scope: 'machine', restricted: true },
  sshConfigFile: { key: 'sallyport.ssh.configFile', type: 'string', default: '', scope: 'machine', restricted: true },
  sshProgramPath: { key: 'sallyport.ssh.programPath', type: 'string', default: '', scope: 'machine', restricted: true },
} as const satisfies Readonly<
  Record<
    string,
    | SettingDeclaration<string>
    | SettingDeclaration<boolean>
    | SettingDeclaration<number>
    | SettingDeclaration<Readonly<Record<string, unknown>>>
    | SettingDeclaration<readonly unknown[]>
  >
>;

/** Settings with one plain value. */
export type SettingName = Exclude<keyof typeof SETTINGS, 'connections'>;

/** Type of a setting's value. */
export type SettingValue<N extends SettingName> = {
  boolean: boolean;
  number: number;
  string: string;
  object: object;
  array: readonly unknown[];
}[(typeof SETTINGS)[N]['type']];

export const CONTEXT_KEYS = {
  /** Whether a tunnel exists; boolean. */
  hasTunnels: 'sallyport.hasTunnels',
  /** Whether the Resources view shows only what a filter leaves; boolean. */
  filtered: 'sallyport.filtered',
  /** Whether a connection is saved; boolean. */
  hasConnections: 'sallyport.hasConnections',
  /** Which welcome text an empty Resources view shows; one of `RESOURCES_CONTEXTS`. */
  resources: 'sallyport.resourcesState',
} as const;

export type ContextKeyName = keyof typeof CONTEXT_KEYS;

export const RESOURCES_CONTEXTS = ['loading', 'noProfiles', 'signIn', 'nothing', 'filtered', 'shown'] as const;
export type ResourcesContext = (typeof RESOURCES_CONTEXTS)[number];

/** Words of a tree item's `contextValue`, which menus test with `viewItem =~ /\bword\b/`. */
export const ITEM_WORDS = [
  'profile',
  'region',
  'group',
  'bastion',
  'sshHost',
  'target',
  'endpoint',
  /** A target or endpoint that has an address to connect to. */
  'connectable',
  /** Speaks the Redis protocol. */
  'redis',
  'tunnel',
  /** A tunnel that belongs to no saved connection. */
  'unsaved',
  /** A saved connection, open or not. */
  'saved',
  /** A saved connection without a tunnel. */
  'startable',
  'fault',
  /** A fault that signing in cures. */
  'signIn',
  /** A fault whose missing permission is known. */
  'denied',
  /** A fault that another region does not have. */
  'elsewhere',
  'note',
  /** The note that a region has nothing. */
  'nothing',
  /** The note that the filter leaves nothing. */
  'filtered',
  /** A resource that AWS's own tools know: a page of the console, a command of the CLI. */
  'aws',
] as const;

export type ItemWord = (typeof ITEM_WORDS)[number];
