import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import { Fault, faultData } from '../../../src/base/fault';
import type { CredentialsChange, SignInService, SignInWay } from '../../../src/model/signIn';
import { Attempts } from '../../../src/vscode/attempts';
import { ExpiryWatch, isUrgent, leftText } from '../../../src/vscode/expiryWatch';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { plainText } from '../../../src/vscode/localizer';
import { resourceNodes } from '../../../src/vscode/resourceNodes';
import type { ChosenProfile } from '../../../src/vscode/selection';
import { retryAfterSignIn, SignInCommands } from '../../../src/vscode/signIn';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeInventory, FakeUi, MemoryLogger, parts } from './samples';

const expired = (profile: string): Fault =>
  new Fault('aws.expiredCredentials', `Sign-in is missing or has expired for AWS profile "${profile}".`, {
    remedy: { text: 'Sign in here.', action: 'signIn', subject: profile },
  });

class FakeSignIn implements SignInService {
  readonly changes = new Emitter<CredentialsChange>();
  readonly onDidChange = this.changes.event;
  readonly asked: [profile: string, way: SignInWay][] = [];
  failure: Error | undefined;
  expiresAt: number | undefined;

  signIn(profile: string, way: SignInWay): Promise<void> {
    this.asked.push([profile, way]);
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }

  expiry(profile: string): Promise<number | undefined> {
    return Promise.resolve(profile === 'dev' ? this.expiresAt : undefined);
  }
}

describe('signing in from the window', () => {
  let ui: FakeUi;
  let chosen: readonly ChosenProfile[];
  let inventory: FakeInventory;
  let service: FakeSignIn;
  let store: InventoryStore;
  let attempts: Attempts;
  let commands: SignInCommands;

  beforeEach(() => {
    ui = new FakeUi();
    chosen = [];
    inventory = new FakeInventory();
    service = new FakeSignIn();
    const logger = new MemoryLogger();
    store = new InventoryStore({ inventory, chosen: () => chosen, preferredProfile: undefined, logger });
    attempts = new Attempts(ui, logger);
    commands = new SignInCommands({ service, store, ui, attempts, way: () => 'device' });
  });

  afterEach(() => store.dispose());

  it('is for the profile that is shown, from its row, from a fault and from the palette', async () => {
    inventory.failure = expired('dev');
    await store.refresh();
    for (const argument of ['profile:dev', 'fault:dev/eu-central-1', undefined]) await commands.handlers.signIn(argument);
    assert.deepEqual(service.asked, [['dev', 'device'], ['dev', 'device'], ['dev', 'device']]);
    assert.deepEqual(ui.shown, ['Signed in: dev', 'Signed in: dev', 'Signed in: dev']);
  });

  it('is for the profile that a notification is about, shown or not', async () => {
    await commands.handlers.signIn('prod');
    assert.deepEqual(service.asked, [['prod', 'device']]);
  });

  it('asks which profile where several are shown, those that need it first', async () => {
    inventory.profileList = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod', region: 'eu-west-1' }];
    chosen = [{ profile: 'dev', regions: [] }, { profile: 'prod', regions: [] }];
    inventory.answerFor = ({ profile }) => (profile === 'dev' ? parts() : undefined);
    inventory.failure = expired('prod');
    await store.refresh();
    ui.choose = ['prod'];
    await commands.handlers.signIn(undefined);
    await commands.handlers.signIn('profile:dev');
    await commands.handlers.signIn('fault:prod/eu-west-1');
    assert.deepEqual(service.asked.map(([profile]) => profile), ['prod', 'dev', 'prod']);
    assert.deepEqual(ui.picks[0]!.items.map(({ label }) => label), ['prod', 'dev']);
  });

  it('asks which profile where none is shown', async () => {
    inventory.profileList = [{ name: 'one' }, { name: 'two' }];
    ui.choose = ['two'];
    await commands.handlers.signIn(undefined);
    await commands.handlers.signIn(undefined);
    assert.deepEqual(service.asked, [['two', 'device']]);
  });

  it('says why it failed, and offers to try again', async () => {
    service.failure = new Fault('aws.signInDenied', 'IAM Identity Center refused the sign-in.', { remedy: { text: 'Again.', action: 'retry' } });
    await commands.handlers.signIn('dev');
    assert.deepEqual(ui.errors.map(({ buttons }) => buttons), [['Try Again', 'Show Log']]);
    assert.deepEqual(ui.shown, []);
  });

  it('lets the tree retry by itself, once it is of use', async () => {
    inventory.failure = expired('dev');
    await store.refresh();
    const listening = retryAfterSignIn(service, store, attempts);
    service.changes.fire({ kind: 'signedIn', profiles: ['other'] });
    assert.equal(inventory.discoveries.length, 1);
    inventory.failure = undefined;
    inventory.answer = parts();
    service.changes.fire({ kind: 'signedIn', profiles: ['dev'] });
    await eventually(() => store.inventories[0]?.accountId !== undefined && !store.busy);
    service.changes.fire({ kind: 'signedIn', profiles: ['dev'] });
    assert.equal(inventory.discoveries.length, 2, 'what has not failed is not asked again');
    listening.dispose();
  });

  it('lets only those places retry that failed, of the profiles that can be used now', async () => {
    inventory.profileList = [{ name: 'dev' }, { name: 'prod' }];
    chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1'] }, { profile: 'prod', regions: ['eu-central-1'] }];
    inventory.answerFor = ({ profile, region }) => (profile === 'dev' && region === 'us-east-1' ? parts({ targets: [], bastions: [] }) : undefined);
    inventory.failure = expired('dev');
    await store.refresh();
    const listening = retryAfterSignIn(service, store, attempts);
    assert.equal(inventory.discoveries.length, 3);
    service.changes.fire({ kind: 'signedIn', profiles: ['dev'] });
    await store.settled();
    assert.deepEqual(inventory.discoveries.slice(3).map(({ scope }) => scope), [{ profile: 'dev', region: 'eu-central-1' }]);
    listening.dispose();
  });

  it('reads changed files at once, but not before the first use', async () => {
    const listening = retryAfterSignIn(service, store, attempts);
    service.changes.fire({ kind: 'configuration' });
    assert.equal(inventory.profileReads, 0);
    inventory.answer = parts();
    await store.refresh();
    service.changes.fire({ kind: 'configuration' });
    await store.settled();
    assert.equal(inventory.profileReads, 2);
    listening.dispose();
  });

  it('lets commands that failed retry once, each once, and those of other profiles wait', () => {
    const retried: string[] = [];
    const fail = (profile: string, about: string): void =>
      attempts.report('connect', faultData(expired(profile)), { about, retry: () => void retried.push(`${profile} ${about}`) });
    fail('dev', 'a');
    fail('dev', 'a');
    fail('dev', 'b');
    fail('prod', 'c');
    attempts.report('connect', { code: 'x.y', message: 'No.', retryable: false }, { retry: () => void retried.push('never') });
    attempts.signedIn(['dev']);
    attempts.signedIn(['dev']);
    assert.deepEqual(retried, ['dev a', 'dev b']);
    attempts.signedIn(['prod']);
    assert.equal(retried.length, 3);
  });

  it('keeps a bounded number waiting', () => {
    let retried = 0;
    for (let index = 0; index < 50; index++) attempts.report('connect', faultData(expired('dev')), { about: String(index), retry: () => retried++ });
    attempts.signedIn(['dev']);
    assert.equal(retried, 20);
  });

  it('has a button on the notification that knows the profile', async () => {
    ui.press = ['Sign In'];
    attempts.report('connect', faultData(expired('prod')), { retry: () => {} });
    await eventually(() => ui.ran.length > 0);
    assert.deepEqual([ui.ran, ui.arguments], [['signIn'], ['prod']]);
  });

  it('has a button on the fault in the tree', async () => {
    inventory.failure = expired('dev');
    await store.refresh();
    const [profile] = resourceNodes(store.state, { hosts: [], faults: [] }, plainText);
    const words = JSON.stringify(profile);
    assert.match(words, /"words":\["fault","signIn"\]/);
  });
});

describe('the countdown of credentials', () => {
  const MINUTE = 60_000;
  let clock: FakeClock;
  let service: FakeSignIn;
  let watch: ExpiryWatch;
  let changes: number;

  beforeEach(() => {
    clock = new FakeClock();
    service = new FakeSignIn();
    changes = 0;
    watch = new ExpiryWatch({ service, clock, logger: new MemoryLogger(), profiles: () => ['dev', 'prod'], onChange: () => void changes++ });
  });

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const after = async (ms: number): Promise<string | undefined> => {
    clock.advance(ms);
    await settled();
    const left = watch.left.get('dev');
    return left && leftText(left, plainText);
  };

  it('begins with the last half hour, and ends with the credentials', async () => {
    service.expiresAt = clock.wall() + 31 * MINUTE;
    watch.show();
    assert.equal(await after(0), undefined);
    assert.equal(await after(2 * MINUTE), 'expires in 29 min');
    assert.equal(await after(17 * MINUTE), 'expires in 12 min');
    assert.equal(isUrgent(watch.left.get('dev')!), false);
    assert.equal(await after(8 * MINUTE), 'expires in 4 min');
    assert.equal(isUrgent(watch.left.get('dev')!), true);
    assert.equal(await after(5 * MINUTE), 'credentials have expired');
    assert.ok(changes < 10, 'one change a minute at most');
  });

  it('has a timer only while someone looks', async () => {
    service.expiresAt = clock.wall() + 10 * MINUTE;
    watch.look();
    assert.equal(clock.pending, 0);
    watch.show();
    assert.equal(clock.pending, 1);
    await settled();
    watch.hide();
    assert.equal(clock.pending, 0);
    watch.show();
    watch.show();
    assert.equal(clock.pending, 1);
    watch.dispose();
    assert.equal(clock.pending, 0);
  });

  it('vanishes when the credentials were renewed', async () => {
    service.expiresAt = clock.wall() + 3 * MINUTE;
    watch.show();
    assert.equal(await after(0), 'expires in 3 min');
    service.expiresAt = undefined;
    watch.look();
    assert.equal(await after(0), undefined);
    watch.dispose();
  });

  it('stands in the row of its profile, in a warning colour at the end', () => {
    const scope = { profile: 'dev', region: 'eu-central-1' };
    const regions = new Map([['dev/eu-central-1', { scope, accountId: '1', loading: false, providers: new Map() }]]);
    const state = { phase: 'profiles', profiles: [{ name: 'dev', regions: [scope.region], faults: [] }], regions, open: new Set<string>() } as const;
    const row = (profile: string, minutes: number) => resourceNodes(state, { hosts: [], faults: [] }, plainText, new Map([[profile, { profile, minutes }]]))[0]!;
    assert.equal(row('dev', 12).description, '1 · expires in 12 min');
    assert.equal(row('dev', 12).icon?.color, undefined);
    assert.equal(row('dev', 4).icon?.color, 'list.warningForeground');
    assert.equal(row('other', 4).description, '1');
  });
});
