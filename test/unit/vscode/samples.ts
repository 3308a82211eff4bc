import { Emitter } from '../../../src/base/event';
import type { KeptState } from '../../../src/vscode/bastionMemory';
import type { SecretStore } from '../../../src/vscode/keptSecrets';
import type { Fault, FaultData } from '../../../src/base/fault';
import type { LogFields, Logger } from '../../../src/base/log';
import type { Bastion } from '../../../src/model/bastion';
import type { NetworkFacts } from '../../../src/model/network';
import type { BastionCondition, BastionPower } from '../../../src/model/bastionPower';
import type { DiscoveryScope, InventoryPart, InventoryService, ProfileInfo } from '../../../src/model/inventory';
import type { PoliciesByIdentity } from '../../../src/model/privilege';
import type { Route } from '../../../src/model/route';
import { makeRoute } from '../../../src/model/route';
import type { SshHosts } from '../../../src/model/ssh';
import type { Target } from '../../../src/model/target';
import type { StartOptions, TunnelDetails, TunnelInfo, TunnelService } from '../../../src/model/tunnel';
import type { CommandName } from '../../../src/vscode/contributions';
import { plainText } from '../../../src/vscode/localizer';
import type { LiveTools, RedisTools } from '../../../src/vscode/redisCommands';
import type { ConfirmOptions, InputOptions, LiveInputOptions, LivePick, PickItem, PickOptions, Ui } from '../../../src/vscode/ui';

export const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };

export function target(change: Partial<Target> = {}): Target {
  const name = change.name ?? 'orders-cache';
  return {
    id: `arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:${name}`,
    kind: 'elasticache.replicationGroup',
    name,
    place,
    engine: 'redis',
    engineVersion: '7.1',
    status: 'available',
    endpoints: [
      { role: 'primary', host: `${name}.example`, port: 6379 },
      { role: 'reader', host: `${name}-ro.example`, port: 6379 },
    ],
    clusterMode: false,
    tls: 'off',
    auth: 'none',
    vpcId: 'vpc-a',
    subnetIds: ['subnet-1'],
    securityGroupIds: ['sg-1'],
    ...change,
  };
}

export function bastion(change: Partial<Bastion> = {}): Bastion {
  return {
    id: 'i-0a1',
    kind: 'ec2',
    name: 'bastion-a',
    place,
    state: 'running',
    managed: 'Online',
    agentVersion: '3.3.1142.0',
    vpcId: 'vpc-a',
    securityGroupIds: [],
    ...change,
  };
}

export const denied: FaultData = {
  code: 'aws.accessDenied',
  message: 'The call elasticache:DescribeReplicationGroups is not allowed.',
  retryable: false,
  remedy: { text: 'Ask for that permission.', action: 'retry' },
};

export function tunnel(change: Partial<TunnelInfo> = {}): TunnelInfo {
  return {
    id: 't1',
    route: makeRoute(target(), target().endpoints[0]!, bastion()),
    local: { host: '127.0.0.1', port: 53211 },
    state: { phase: 'open', streams: 0 },
    health: { level: 'ok', latencyMs: 2.1, checkedAt: 1_700_000_000_000 },
    since: 1_700_000_000_000,
    bytes: { up: 812, down: 1_234_567 },
    rate: { up: 0, down: 0 },
    reconnects: 0,
    ...change,
  };
}

/** The parts of a complete, successful discovery. */
export function parts(change: { targets?: Target[]; bastions?: Bastion[] } = {}): InventoryPart[] {
  return [
    { kind: 'account', accountId: place.accountId },
    { kind: 'bastions', provider: 'ec2.bastions', bastions: change.bastions ?? [bastion()] },
    { kind: 'targets', provider: 'elasticache.replicationGroups', targets: change.targets ?? [target()] },
  ];
}

/** Yields what the test pushes; every discovery is kept, so that a test can feed one that was fenced off. */
export class FakeInventory implements InventoryService {
  profileList: readonly ProfileInfo[] = [{ name: 'dev', region: 'eu-central-1' }];
  /** When set, each discovery yields these and ends. */
  answer: readonly InventoryPart[] | undefined;
  failure: Error | undefined;
  readonly discoveries: Discovery[] = [];
  profileReads = 0;

  sshConfig: SshHosts = { hosts: [], faults: [] };

  networkFacts: NetworkFacts | Error = {};
  readonly networkAsked: (readonly string[])[] = [];

  network(_scope: DiscoveryScope, groupIds: readonly string[]): Promise<NetworkFacts> {
    this.networkAsked.push(groupIds);
    return this.networkFacts instanceof Error ? Promise.reject(this.networkFacts) : Promise.resolve(this.networkFacts);
  }

  policies: PoliciesByIdentity | Error = {};
  readonly identitiesAsked: (readonly string[])[] = [];

  privileges(_scope: DiscoveryScope, identityArns: readonly string[]): Promise<PoliciesByIdentity> {
    this.identitiesAsked.push(identityArns);
    return this.policies instanceof Error ? Promise.reject(this.policies) : Promise.resolve(this.policies);
  }

  vpcNameTags: Readonly<Record<string, string>> | Error = {};
  readonly vpcsAsked: (readonly string[])[] = [];

  vpcNames(_scope: DiscoveryScope, vpcIds: readonly string[]): Promise<Readonly<Record<string, string>>> {
    this.vpcsAsked.push(vpcIds);
    return this.vpcNameTags instanceof Error ? Promise.reject(this.vpcNameTags) : Promise.resolve(this.vpcNameTags);
  }

  sshHosts(): Promise<SshHosts> {
    return Promise.resolve(this.sshConfig);
  }

  profiles(): Promise<readonly ProfileInfo[]> {
    this.profileReads++;
    return Promise.resolve(this.profileList);
  }

  /** Answers by region or profile, where they differ. */
  answerFor: ((scope: DiscoveryScope) => readonly InventoryPart[] | undefined) | undefined;

  discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart> {
    const discovery = new Discovery(scope, signal, only);
    this.discoveries.push(discovery);
    const own = this.answerFor?.(scope);
    if (own) {
      for (const part of own) discovery.push(part);
      discovery.end();
      return discovery;
    }
    if (this.failure) discovery.fail(this.failure);
    for (const part of this.answer ?? []) discovery.push(part);
    if (this.answer) discovery.end();
    return discovery;
  }
}

type Step = { part: InventoryPart } | { error: Error } | 'end';

export class Discovery implements AsyncIterable<InventoryPart> {
  readonly scope: DiscoveryScope;
  readonly signal: AbortSignal;
  /** Ids of the providers that were asked; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly #steps: Step[] = [];
  #wake: (() => void) | undefined;

  constructor(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]) {
    this.scope = scope;
    this.signal = signal;
    this.only = only;
  }

  push(part: InventoryPart): void {
    this.#add({ part });
  }

  fail(error: Error): void {
    this.#add({ error });
  }

  ended = false;

  end(): void {
    this.ended = true;
    this.#add('end');
  }

  async *[Symbol.asyncIterator](): AsyncIterator<InventoryPart> {
    for (;;) {
      const step = this.#steps.shift();
      if (step === 'end') return;
      if (step && 'error' in step) throw step.error;
      if (step) yield step.part;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #add(step: Step): void {
    this.#steps.push(step);
    this.#wake?.();
  }
}

export class FakeTunnels implements TunnelService {
  readonly changes = new Emitter<TunnelInfo>();
  readonly onDidChange = this.changes.event;
  readonly started: { readonly route: Route; readonly options: StartOptions; readonly signal: AbortSignal }[] = [];
  readonly stopped: string[] = [];
  infos: TunnelInfo[] = [];
  failures: Error[] = [];

  start(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    this.started.push({ route, options, signal });
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    const info = tunnel({ id: `t${this.started.length}`, route, local: { host: '127.0.0.1', port: options.localPort || 53210 + this.started.length } });
    this.infos.push(info);
    this.changes.fire(info);
    if (!options.trial || this.keepsTrials) return Promise.resolve(info);
    return this.stop(info.id).then(() => ({ ...info, state: { phase: 'closed' } }));
  }

  /** Whether someone else asks for whatever is opened for a trial. */
  keepsTrials = false;

  stop(id: string): Promise<void> {
    this.stopped.push(id);
    const info = this.infos.find((one) => one.id === id);
    this.infos = this.infos.filter((one) => one !== info);
    if (info) this.changes.fire({ ...info, state: { phase: 'closed' } });
    return Promise.resolve();
  }

  readonly retried: string[] = [];
  history: TunnelDetails['history'] = [];

  details(id: string): Promise<TunnelDetails | undefined> {
    const info = this.infos.find((one) => one.id === id);
    return Promise.resolve(info && { info, history: this.history });
  }

  retry(id: string): Promise<void> {
    this.retried.push(id);
    return Promise.resolve();
  }

  list(): Promise<readonly TunnelInfo[]> {
    return Promise.resolve(this.infos);
  }
}

/** Tells what the test says, one condition after the other; the last one stays. */
export class FakePower implements BastionPower {
  readonly started: string[] = [];
  conditions: BastionCondition[] = [{ instance: 'stopped', agent: 'ConnectionLost' }];
  refusal: Fault | undefined;
  looks = 0;

  condition(): Promise<BastionCondition> {
    this.looks++;
    return Promise.resolve(this.conditions.length > 1 ? this.conditions.shift()! : this.conditions[0]!);
  }

  start(_where: unknown, id: string): Promise<void> {
    this.started.push(id);
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve();
  }
}

/** A window that answers as the test says, in order; an answer that nobody gave is a dismissal. */
export class FakeUi implements Ui {
  readonly l10n = plainText;
  readonly shown: string[] = [];
  readonly errors: { readonly text: string; readonly buttons: readonly string[] }[] = [];
  readonly picks: { readonly items: readonly PickItem<unknown>[]; readonly options: PickOptions }[] = [];
  readonly inputs: InputOptions[] = [];
  readonly tasks: string[] = [];
  /** What tasks said that they waited for. */
  readonly said: string[] = [];
  readonly ran: CommandName[] = [];
  /** As many as `ran`. */
  readonly arguments: (string | undefined)[] = [];
  readonly opened: string[] = [];
  readonly confirmed: ConfirmOptions[] = [];
  /** Answers to `confirm`. */
  agree: boolean[] = [];
  /** Whether live input is dismissed after it was typed. */
  escape = false;
  copied: string | undefined;
  /** Labels (or parts of them) that are chosen. */
  choose: string[] = [];
  /** Labels that are chosen where any number can be. */
  chooseMany: string[][] = [];
  type: string[] = [];
  press: string[] = [];

  pick<T>(items: readonly PickItem<T>[], options: PickOptions): Promise<T | undefined> {
    this.picks.push({ items, options });
    const wanted = this.choose.shift();
    if (wanted === undefined) return Promise.resolve(undefined);
    const item = items.find(({ label }) => label.includes(wanted));
    if (item) return Promise.resolve(item.value);
    const button = items.flatMap(({ buttons }) => buttons ?? []).find(({ label }) => label.includes(wanted));
    if (!button) throw new Error(`There is no "${wanted}" among ${items.map(({ label }) => label).join(', ')}`);
    return Promise.resolve(button.value);
  }

  pickOrType<T>(items: readonly PickItem<T>[], options: PickOptions & { accept: (text: string) => PickItem<T> | undefined }): Promise<T | undefined> {
    const typed = this.type.shift();
    return typed === undefined ? this.pick(items, options) : Promise.resolve(options.accept(typed)?.value);
  }

  /** Chooses what `chooseMany` says, and what was typed. */
  pickMany<T>(items: readonly PickItem<T>[], options: PickOptions & { accept?: (text: string) => PickItem<T> | undefined }): Promise<readonly T[] | undefined> {
    this.picks.push({ items, options });
    const wanted = this.chooseMany.shift();
    if (!wanted) return Promise.resolve(undefined);
    const typed = this.type.splice(0).flatMap((text) => options.accept?.(text) ?? []);
    const listed = items.filter(({ label }) => wanted.includes(label));
    if (listed.length !== wanted.length) throw new Error(`There is not all of ${wanted.join()} among ${items.map(({ label }) => label).join()}`);
    return Promise.resolve([...typed, ...listed].map(({ value }) => value));
  }

  readonly lives: LivePick[] = [];
  readonly asked: { readonly text: string; readonly buttons: readonly string[] }[] = [];

  /** Presses what is to be chosen, one after another, and then closes the list. */
  async live(pick: LivePick): Promise<void> {
    this.lives.push(pick);
    for (let wanted = this.choose.shift(); wanted !== undefined; wanted = this.choose.shift()) {
      const items = pick.items();
      const label = wanted;
      const pressed = items.find((item) => item.label.includes(label)) ?? items.flatMap(({ buttons }) => buttons).find((button) => button.label.includes(label));
      if (!pressed) throw new Error(`There is no "${label}" among ${items.map((item) => item.label).join(', ')}`);
      pressed.act();
      if (pressed.closes) return;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  ask(text: string, buttons: readonly string[]): Promise<string | undefined> {
    this.asked.push({ text, buttons });
    return Promise.resolve(this.press.shift());
  }

  input(options: InputOptions): Promise<string | undefined> {
    this.inputs.push(options);
    const text = this.type.shift();
    if (text !== undefined && options.validate?.(text) !== undefined) throw new Error(`"${text}" is refused`);
    return Promise.resolve(text);
  }

  /** Types the text key by key. */
  liveInput({ onChange }: LiveInputOptions): Promise<string | undefined> {
    const text = this.type.shift();
    for (let length = 1; length <= (text ?? '').length; length++) onChange(text!.slice(0, length));
    return Promise.resolve(this.escape ? undefined : text);
  }

  task<T>(title: string, work: (signal: AbortSignal, say: (text: string) => void) => Promise<T>): Promise<T> {
    this.tasks.push(title);
    return work(new AbortController().signal, (text) => this.said.push(text));
  }

  background<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.tasks.push(title);
    return work();
  }

  confirm(options: ConfirmOptions): Promise<boolean> {
    this.confirmed.push(options);
    return Promise.resolve(this.agree.shift() ?? false);
  }

  error(text: string, buttons: readonly string[]): Promise<string | undefined> {
    this.errors.push({ text, buttons });
    return Promise.resolve(this.press.shift());
  }

  info(text: string): void {
    this.shown.push(text);
  }

  brief(text: string): void {
    this.shown.push(text);
  }

  copy(text: string): Promise<void> {
    this.copied = text;
    return Promise.resolve();
  }

  open(url: string): Promise<boolean> {
    this.opened.push(url);
    return Promise.resolve(true);
  }

  run(command: CommandName, argument?: string): void {
    this.ran.push(command);
    this.arguments.push(argument);
  }
}

/** What VS Code keeps, as it is after a round trip through its storage. */
export class MemoryState implements KeptState {
  readonly values = new Map<string, string>();

  get(key: string): unknown {
    const text = this.values.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  update(key: string, value: unknown): Promise<void> {
    this.values.set(key, JSON.stringify(value));
    return Promise.resolve();
  }
}

/** A key chain that can be broken. */
export class MemorySecrets implements SecretStore {
  readonly values = new Map<string, string>();
  broken = false;
  get = (key: string): Promise<string | undefined> => this.#answer(() => this.values.get(key));
  store = (key: string, value: string): Promise<void> => this.#answer(() => void this.values.set(key, value));
  delete = (key: string): Promise<void> => this.#answer(() => void this.values.delete(key));

  #answer<T>(act: () => T): Promise<T> {
    return this.broken ? Promise.reject(new Error('no key chain')) : Promise.resolve(act());
  }
}

export class MemoryLogger implements Logger {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields | undefined }[] = [];

  log(level: string, event: string, fields?: LogFields): void {
    this.lines.push({ level, event, fields });
  }

  get text(): string {
    return JSON.stringify(this.lines);
  }
}

export function disposeAll(owned: readonly { dispose(): Promise<void> }[]): Promise<unknown> {
  return Promise.all(owned.map((one) => one.dispose()));
}

/** Consoles that write down what is asked of them; a ping takes what `pings` says next, or 2.1 ms. */
export function liveTools(panes: string[]): LiveTools {
  const opened = (what: string) => ({ route }: TunnelInfo) => Promise.resolve(void panes.push(`${what} ${route.target.name}`));
  return { subscribe: opened('subscribe'), monitor: opened('monitor'), keyspaceEvents: opened('keyspaceEvents') };
}

export function redisTools(consoles: string[], pings: (number | Error)[], front: RedisTools['front'] = () => undefined): RedisTools {
  return {
    open: ({ id }) => Promise.resolve(void consoles.push(id)),
    ping: () => {
      const answer = pings.shift() ?? 2.1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    front,
    unlockWrites: () => Promise.resolve(void consoles.push('unlock')),
    lockWrites: () => void consoles.push('lock'),
    searchHistory: () => void consoles.push('search'),
  };
}
