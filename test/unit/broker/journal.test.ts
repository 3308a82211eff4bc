import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLogLine, type Logger } from '../../../src/base/log';
import { Journal, killLeftGroups } from '../../../src/broker/journal';
import { identify } from '../../../src/broker/processIdentity';

const place = { profile: 'dev', region: 'eu-central-1' };

describe('the journal of the broker', () => {
  let folder: string;
  let file: string;
  let log: string[];
  let now: number;
  const logger: Logger = { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) };
  const open = (): Journal => new Journal(file, logger, () => now);

  /** What the next broker finds. */
  const next = async (): ReturnType<Journal['takeOver']> => {
    const journal = open();
    const found = await journal.takeOver();
    await journal.settled();
    return found;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sp-journal-'));
    file = join(folder, 'broker.journal');
    log = [];
    now = 1_000_000;
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells the next one what was not ended, and nothing else', async () => {
    const journal = open();
    journal.sessionStarted(place, 'one');
    journal.sessionStarted(place, 'two');
    journal.sessionEnded('one');
    await journal.settled();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const { sessions, groups } = await next();
    assert.deepEqual(sessions, [{ place, id: 'two', at: now }]);
    assert.deepEqual(groups, []);
  });

  it('keeps what was left until it has ended, and is gone when nothing is', async () => {
    const first = open();
    first.sessionStarted(place, 'left');
    await first.settled();
    const second = open();
    await second.takeOver();
    second.sessionStarted(place, 'new');
    await second.settled();
    assert.equal((await next()).sessions.length, 2);
    second.sessionEnded('left');
    second.sessionEnded('new');
    await second.settled();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('forgets sessions that cannot live any more', async () => {
    const journal = open();
    journal.sessionStarted(place, 'old');
    await journal.settled();
    now += 25 * 60 * 60_000;
    assert.deepEqual((await next()).sessions, []);
  });

  for (const [name, content] of [['torn', '{"sessions":[{"pl'], ['of another kind', '[1,2]'], ['hostile', '{"sessions":[],"groups":[{"pid":1}]}']] as const) {
    it(`is put aside when it is ${name}, and begun anew`, async () => {
      writeFileSync(file, content);
      const journal = open();
      assert.deepEqual(await journal.takeOver(), { sessions: [], groups: [] });
      assert.equal(readFileSync(`${file}.unreadable`, 'utf8'), content);
      assert.ok(log.some((line) => line.startsWith('warn journal.unreadable')));
      journal.sessionStarted(place, 'new');
      await journal.settled();
      assert.ok(existsSync(file));
    });
  }

  it('says once that it cannot be written, and goes on when it can', async function () {
    rmSync(folder, { recursive: true });
    const journal = open();
    for (const id of ['a', 'b', 'c']) {
      journal.sessionStarted(place, id);
      await journal.settled();
    }
    assert.equal(log.filter((line) => line.startsWith('warn journal.notWritten')).length, 1);
    folder = mkdtempSync(join(tmpdir(), 'sp-journal-'));
    const other = new Journal(join(folder, 'j'), logger, () => now);
    other.sessionStarted(place, 'd');
    await other.settled();
    assert.ok(existsSync(join(folder, 'j')));
  });

  it('has only the groups killed whose numbers still mean them', async () => {
    const killed: number[] = [];
    const group = { detached: true, signal: (pid: number) => void killed.push(pid), sweep: () => {} };
    const self = (await identify(process.pid))!;
    const free = 2 ** 22 + 7;
    await killLeftGroups([self, { ...self, started: 'another time' }, { pid: self.pid }, { pid: free, started: 'then' }], group, logger);
    assert.deepEqual(killed, [self.pid, free]);
  });
});
