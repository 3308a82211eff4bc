import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { createAgents } from '../../../src/aws/agents';
import { createEc2 } from '../../../src/aws/clients/ec2';
import { createRds } from '../../../src/aws/clients/rds';
import type { ClientSettings } from '../../../src/aws/clients/settings';
import { Turns } from '../../../src/aws/turns';

const COUNT = 300;
const PADDING = 'p'.repeat(400);
const { signal: abortSignal } = new AbortController();

describe('long answers of AWS', () => {
  const agents = createAgents(undefined, undefined);
  let server: Server;
  let answer = '';
  let turns = 0;
  let settings: ClientSettings;

  before(async () => {
    server = createServer((_request, response) => void response.end(answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const own = new Turns();
    settings = {
      region: 'eu-central-1',
      credentials: async () => ({ accessKeyId: 'AKIA', secretAccessKey: 's' }),
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      useFips: false,
      useDualstack: false,
      agents,
      turn: () => {
        turns++;
        return own.next();
      },
    };
  });

  after(async () => {
    agents.http.destroy();
    agents.https.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const numbers = Array.from({ length: COUNT }, (_, index) => index);

  it('of EC2 are read in many turns, and complete', async () => {
    const reservation = (index: number): string =>
      `<item><instancesSet><item><instanceId>i-${index}</instanceId><tagSet><item><key>k</key><value>${PADDING}</value></item></tagSet></item></instancesSet></item>`;
    answer = `<DescribeInstancesResponse><reservationSet>${numbers.map(reservation).join('\n')}</reservationSet><nextToken>more</nextToken></DescribeInstancesResponse>`;
    turns = 0;
    const { Reservations = [], NextToken } = await createEc2(settings).describeInstances({}, { abortSignal });
    assert.deepEqual(Reservations.map(({ Instances }) => Instances?.[0]?.InstanceId), numbers.map((index) => `i-${index}`));
    assert.equal(Reservations.at(-1)?.Instances?.[0]?.Tags?.[0]?.Value, PADDING);
    assert.equal(NextToken, 'more');
    assert.ok(turns > 5, `${turns} turns`);
  });

  it('of RDS are read in many turns, and complete', async () => {
    const database = (index: number): string => `<DBInstance><DBInstanceIdentifier>db-${index}</DBInstanceIdentifier><Engine>${PADDING}</Engine></DBInstance>`;
    const list = `<Marker>more</Marker><DBInstances>${numbers.map(database).join('')}</DBInstances>`;
    answer = `<DescribeDBInstancesResponse><DescribeDBInstancesResult>${list}</DescribeDBInstancesResult></DescribeDBInstancesResponse>`;
    turns = 0;
    const { DBInstances = [], Marker } = await createRds(settings).describeDbInstances({}, { abortSignal });
    assert.deepEqual(DBInstances.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier), numbers.map((index) => `db-${index}`));
    assert.equal(Marker, 'more');
    assert.ok(turns > 4, `${turns} turns`);
  });

  it('are read at once while they are short', async () => {
    answer = '<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>';
    turns = 0;
    assert.deepEqual((await createEc2(settings).describeInstances({}, { abortSignal })).Reservations, []);
    assert.equal(turns, 0);
  });
});

describe('turns of the event loop', () => {
  it('are given one at a time, in the order of asking', async () => {
    const turns = new Turns();
    const order: string[] = [];
    const others = async (): Promise<void> => {
      for (let count = 0; count < 3; count++) {
        await new Promise((resolve) => setImmediate(resolve));
        order.push('other');
      }
    };
    const piece = async (name: string): Promise<void> => {
      await turns.next();
      order.push(name);
    };
    await Promise.all([piece('a'), piece('b'), piece('c'), others()]);
    assert.deepEqual(order.filter((name) => name !== 'other'), ['a', 'b', 'c']);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => order.indexOf(name)) as [number, number, number];
    assert.ok(order.slice(a, b).includes('other') && order.slice(b, c).includes('other'), order.join(' '));
  });
});
