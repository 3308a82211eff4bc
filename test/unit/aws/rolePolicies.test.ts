import assert from 'node:assert/strict';
import type { FirstPage, IamApi } from '../../../src/aws/clients/iam';
import { RolePolicyFacts } from '../../../src/aws/rolePolicies';
import { Fault } from '../../../src/base/fault';
import { abortable } from '../../../src/base/abort';
import { privilegeOf } from '../../../src/model/privilege';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';

const never = new AbortController().signal;
const ROLE = 'arn:aws:iam::111122223333:role/one';
const MINIMAL = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';
const WIDE = 'arn:aws:iam::aws:policy/AdministratorAccess';
const all = (...found: string[]): FirstPage => ({ found, complete: true });
const some = (...found: string[]): FirstPage => ({ found, complete: false });

describe('What roles are allowed by', () => {
  let clock: FakeClock;
  let facts: RolePolicyFacts;
  let asked: number;
  let attached: (role: string) => Promise<FirstPage>;
  let inline: () => Promise<FirstPage>;

  beforeEach(() => {
    clock = new FakeClock();
    facts = new RolePolicyFacts(clock);
    asked = 0;
    attached = () => Promise.resolve(all(MINIMAL));
    inline = () => Promise.resolve(all());
  });
  afterEach(() => assert.equal(clock.pending, 0));

  const iam: IamApi = {
    listAccountAliases: () => Promise.resolve([]),
    roleOfInstanceProfile: (name) => Promise.resolve(name),
    listAttachedRolePolicies: (role) => {
      asked++;
      return attached(role);
    },
    listRolePolicies: () => inline(),
  };
  const session = {
    place: { profile: 'dev', region: 'eu-central-1' },
    iam: () => iam,
    call: <T>(_action: string, send: (abortSignal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => abortable(send(signal), signal),
  };
  const level = async (): Promise<string> => privilegeOf((await facts.of(session, [ROLE], never))[ROLE]!).level;

  it('are minimal only as far as whole lists say so', async () => {
    assert.equal(await level(), 'minimal');
    for (const [first, second] of [[some(MINIMAL), all()], [all(MINIMAL), some()]] as const) {
      facts = new RolePolicyFacts(clock);
      attached = () => Promise.resolve(first);
      inline = () => Promise.resolve(second);
      assert.equal(await level(), 'unknown');
    }
  });

  it('are wide by part of a list, too', async () => {
    attached = () => Promise.resolve(some(WIDE));
    assert.equal(await level(), 'wide');
  });

  it('are asked for once by all who want to know at the same time, though one of them gives up', async () => {
    let answer = (_page: FirstPage): void => {};
    attached = () => new Promise((resolve) => (answer = resolve));
    const abort = new AbortController();
    const one = facts.of(session, [ROLE], abort.signal);
    const other = facts.of(session, [ROLE], never);
    await eventually(() => asked > 0);
    abort.abort();
    await assert.rejects(one, { code: 'operation.cancelled' });
    answer(all(MINIMAL));
    assert.deepEqual(await other, { [ROLE]: { attached: [MINIMAL], inline: [] } });
    assert.equal(asked, 1);
  });

  it('stay denied for as long as denials do, although others came too late', async () => {
    const late = 'arn:aws:iam::111122223333:role/late';
    const denied = (): Promise<FirstPage> => Promise.reject(new Fault('aws.accessDenied', 'No.'));
    attached = (role) => (role === 'late' ? new Promise(() => {}) : denied());
    inline = denied;
    const asking = facts.of(session, [ROLE, late], never);
    await eventually(() => asked === 2);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    clock.advance(2_000);
    assert.deepEqual(await asking, {});
    clock.advance(61_000);
    inline = () => Promise.resolve(all());
    attached = () => Promise.resolve(all(MINIMAL));
    assert.deepEqual(Object.keys(await facts.of(session, [ROLE, late], never)), [late]);
    clock.advance(10 * 60_000);
    assert.deepEqual(Object.keys(await facts.of(session, [ROLE], never)), [ROLE]);
  });
});
