import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { BastionAdvice } from '../../../src/vscode/bastionAdvice';
import type { BastionMemory } from '../../../src/vscode/bastionMemory';
import { KeptBastionMemory } from '../../../src/vscode/bastionMemory';
import { bastion, FakeInventory, MemoryLogger, MemoryState, target } from './samples';

const never = new AbortController().signal;
const [endpoint] = target().endpoints;

describe('what is asked for before a bastion is taken', () => {
  let inventory: FakeInventory;
  let logger: MemoryLogger;
  let memory: BastionMemory;
  let advice: BastionAdvice;

  beforeEach(() => {
    inventory = new FakeInventory();
    logger = new MemoryLogger();
    memory = new KeptBastionMemory(new MemoryState(), (error) => assert.ifError(error));
    advice = new BastionAdvice({ inventory, memory, tag: () => 'role=jump', logger });
  });

  it('is nothing of the network where one bastion alone can be taken', async () => {
    const evidence = await advice.toConnect(target(), endpoint, [bastion()], never);
    assert.deepEqual(evidence, { tag: { key: 'role', value: 'jump' }, port: 6379 });
    assert.deepEqual(inventory.networkAsked, []);
  });

  it('is nothing where no bastion can be used, or the target has no endpoint yet', async () => {
    await advice.toConnect(target(), endpoint, [bastion({ state: 'stopped' })], never);
    await advice.toConnect(target(), undefined, [bastion(), bastion({ id: 'i-2' })], never);
    assert.deepEqual(inventory.networkAsked, []);
  });

  it('is nothing where no bastion is taken at all', async () => {
    const open = { ...endpoint!, public: true };
    await advice.toConnect(target(), open, [bastion(), bastion({ id: 'i-2' })], never);
    assert.deepEqual(inventory.networkAsked, []);
    memory.remember(target().id, 'i-2');
    await advice.toConnect(target(), open, [bastion(), bastion({ id: 'i-2' })], never);
    assert.equal(inventory.networkAsked.length, 1, 'the person has chosen one');
  });

  it("is the target's groups first, then those of the bastions that are nearest", async () => {
    inventory.networkFacts = { peerings: [] };
    const far = bastion({ id: 'i-2', vpcId: 'vpc-b', securityGroupIds: ['sg-far'] });
    const near = [bastion({ securityGroupIds: ['sg-near', 'sg-1'] }), bastion({ id: 'i-3', securityGroupIds: ['sg-near'] })];
    const evidence = await advice.toConnect(target(), endpoint, [far, ...near, bastion({ id: 'i-4', state: 'stopped', securityGroupIds: ['sg-off'] })], never);
    assert.deepEqual(inventory.networkAsked, [['sg-1', 'sg-near', 'sg-far']]);
    assert.deepEqual(evidence.network, { peerings: [] });
  });

  it('is done without where it cannot be had, and not at all once nobody waits', async () => {
    inventory.networkFacts = new Fault('aws.noCredentials', 'There are none.');
    assert.equal((await advice.toChoose(target(), endpoint!, [bastion()], never)).network, undefined);
    assert.ok(logger.lines.some(({ event, fields }) => event === 'network.unknown' && fields?.['code'] === 'aws.noCredentials'));
    inventory.networkFacts = new Fault('operation.cancelled', 'The operation was cancelled.');
    await assert.rejects(advice.toChoose(target(), endpoint!, [bastion()], never), { code: 'operation.cancelled' });
  });

  describe('of roles', () => {
    const one = bastion({ identityArn: 'arn:one' });
    const two = bastion({ id: 'i-2', identityArn: 'arn:two' });

    it('is nothing while the choice is not open', async () => {
      await advice.toConnect(target(), endpoint, [one], never);
      await advice.toConnect(target(), endpoint, [one, bastion({ id: 'i-2', identityArn: 'arn:two', managed: 'unknown' })], never);
      await advice.toConnect(target(), endpoint, [one, bastion({ id: 'i-2', identityArn: 'arn:one' })], never);
      await advice.toConnect(target(), undefined, [one, two], never);
      await advice.toChoose(target(), endpoint!, [one, bastion({ id: 'i-2', state: 'stopped', identityArn: 'arn:two' })], never);
      advice.remember(target().id, 'i-2');
      await advice.toConnect(target(), endpoint, [one, two], never);
      assert.deepEqual(inventory.identitiesAsked, []);
    });

    it('is asked of those that are equal in all else, once for each role', async () => {
      inventory.policies = { 'arn:two': { attached: [], inline: [] } };
      const further = bastion({ id: 'i-3', identityArn: 'arn:three', managed: 'unknown' });
      const evidence = await advice.toConnect(target(), endpoint, [one, two, further, bastion({ id: 'i-4', identityArn: 'arn:two' })], never);
      assert.deepEqual([inventory.identitiesAsked, evidence.policies], [[['arn:one', 'arn:two']], inventory.policies]);
      await advice.toChoose(target(), endpoint!, [one, two, further], never);
      assert.deepEqual(inventory.identitiesAsked[1], ['arn:one', 'arn:two', 'arn:three'], 'a person who chooses sees all');
    });

    it('is asked after the network, which may decide alone', async () => {
      inventory.networkFacts = {
        groups: [
          { id: 'sg-1', ingress: [{ protocol: 'tcp', from: 6379, to: 6379, cidrs: [], groupIds: ['sg-in'], prefixListIds: [] }], egress: [] },
          { id: 'sg-in', ingress: [], egress: [{ protocol: '-1', cidrs: ['0.0.0.0/0'], groupIds: [], prefixListIds: [] }] },
        ],
      };
      await advice.toConnect(target(), endpoint, [bastion({ ...one, securityGroupIds: ['sg-in'] }), bastion({ ...two, securityGroupIds: ['sg-out'] })], never);
      assert.deepEqual([inventory.networkAsked.length, inventory.identitiesAsked], [1, []]);
    });

    it('is done without where it cannot be had, and not at all once nobody waits', async () => {
      inventory.policies = new Fault('aws.noCredentials', 'There are none.');
      assert.equal((await advice.toConnect(target(), endpoint, [one, two], never)).policies, undefined);
      assert.deepEqual(logger.lines.filter(({ level }) => level !== 'debug'), []);
      inventory.policies = new Fault('operation.cancelled', 'The operation was cancelled.');
      await assert.rejects(advice.toConnect(target(), endpoint, [one, two], never), { code: 'operation.cancelled' });
    });
  });

  it('is what the person has chosen before', async () => {
    advice.remember(target().id, 'i-2');
    assert.equal((await advice.toConnect(target(), endpoint, [], never)).chosen, 'i-2');
    assert.equal((await advice.toConnect(target({ id: 'other' }), endpoint, [], never)).chosen, undefined);
  });
});

describe('the memory of chosen bastions', () => {
  it('keeps the last choice of each target, forgets the oldest, and shrugs at what it did not write', () => {
    const state = new MemoryState();
    const memory = new KeptBastionMemory(state, (error) => assert.ifError(error));
    for (let index = 0; index < 250; index++) memory.remember(`target-${index}`, 'i-1');
    memory.remember('target-60', 'i-2');
    memory.remember('one more', 'i-3');
    assert.equal(memory.chosenFor('target-60'), 'i-2');
    assert.equal(memory.chosenFor('target-50'), undefined);
    assert.equal(memory.chosenFor('target-51'), 'i-1');
    for (const strange of ['text', { a: 1 }, [['only one'], [1, 2], null]]) {
      void state.update('chosenBastions', strange);
      assert.equal(memory.chosenFor('target-60'), undefined);
    }
  });

  it('says when it could not be kept', async () => {
    const failures: unknown[] = [];
    const memory = new KeptBastionMemory({ get: () => undefined, update: () => Promise.reject(new Error('full')) }, (error) => failures.push(error));
    memory.remember('t', 'i-1');
    await Promise.resolve();
    await Promise.resolve();
    assert.match(String(failures), /full/);
  });
});
