import assert from 'node:assert/strict';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import { type ConsoleEvent, type ConsoleModel, EMPTY_MODEL, MAX_ENTRIES, step } from '../../../src/webview/console/model';
import { restoreState, savedState } from '../../../src/webview/console/savedState';
import { type ConsoleStatus, MAX_PASTE_LINES, type ToHost, type ToPage } from '../../../src/webview/protocol';

const strings = consoleStrings(plainText, 'Redis: x');

/** A console that is driven by events, with everything that it sent. */
class Driver {
  model: ConsoleModel;
  sent: ToHost[] = [];

  constructor(model: ConsoleModel = EMPTY_MODEL) {
    this.model = model;
  }

  on(event: ConsoleEvent): this {
    const { model, messages } = step(this.model, event);
    this.model = model;
    this.sent.push(...messages);
    return this;
  }

  hear(message: ToPage): this {
    return this.on({ type: 'message', message });
  }

  setup(running: number | null = null, status: ConsoleStatus = 'ready'): this {
    return this.hear({ type: 'setup', strings, prompt: 'h:1', status, detail: '', running, history: [] });
  }

  status(status: ConsoleStatus): this {
    return this.hear({ type: 'status', status, prompt: 'h:1', detail: '' });
  }

  submit(text: string): this {
    return this.on({ type: 'submitted', text });
  }

  reply(id: number, text = 'OK'): this {
    return this.hear({ type: 'reply', id, kind: 'value', text, rows: 0, views: [], truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'h:1' });
  }

  fail(id: number, cancelled = false): this {
    return this.hear({ type: 'fault', id, text: 'no', cancelled, readOnly: false, prompt: 'h:1' });
  }

  get shown(): string[] {
    return this.model.entries.map(({ shown, outcome }) => `${shown}: ${'text' in outcome ? outcome.text : outcome.kind}`);
  }
}

describe('console model', () => {
  it('hands over all lines of a paste to be judged with the first, and only then', () => {
    const driver = new Driver().setup().submit('a\nb').submit('c\nd').reply(0).reply(1).reply(2);
    const runs = driver.sent.map((message) => (message.type === 'run' ? [message.line, message.judged, ...message.rest] : []));
    assert.deepEqual(runs, [['a', false, 'b'], ['b', true], ['c', false, 'd'], ['d', true]]);
    driver.reply(3).submit('e\nf').fail(4).submit('f');
    assert.deepEqual(driver.sent.at(-1), { type: 'run', id: 6, line: 'f', rest: [], judged: false }, 'what was dropped is judged anew');
  });

  it('shows what was refused because the target is read-only, with the way out', () => {
    const driver = new Driver().setup().hear({ type: 'guard', production: true, reasons: 'tag', minutesLeft: 0 }).submit('SET a 1');
    driver.hear({ type: 'fault', id: 0, text: 'Read-only.', cancelled: false, readOnly: true, prompt: 'h:1' });
    assert.deepEqual(driver.model.entries[0]?.outcome, { kind: 'readOnly', text: 'Read-only.' });
    assert.equal(driver.model.guard.production, true);
    driver.on({ type: 'unlockWrites' }).on({ type: 'lockWrites' });
    assert.deepEqual(driver.sent.slice(1), [{ type: 'unlockWrites' }, { type: 'lockWrites' }]);
    const { model } = restoreState(structuredClone(savedState(driver.model, '')));
    assert.deepEqual(model.entries, driver.model.entries);
    assert.deepEqual(model.guard, EMPTY_MODEL.guard, 'the extension tells it anew');
  });

  it('runs the lines of a paste one after the other', () => {
    const driver = new Driver().setup().submit('SET a 1\r\n\n  \nGET a\rPING');
    assert.deepEqual(driver.sent, [{ type: 'run', id: 0, line: 'SET a 1', rest: ['GET a', 'PING'], judged: false }]);
    assert.deepEqual(driver.model.waiting, ['GET a', 'PING']);
    driver.reply(0).reply(1, '"1"');
    assert.deepEqual(driver.sent.at(-1), { type: 'run', id: 2, line: 'PING', rest: [], judged: true });
    driver.reply(2, 'PONG');
    assert.deepEqual(driver.shown, ['SET a 1: OK', 'GET a: "1"', 'PING: PONG']);
    assert.equal(driver.model.running, undefined);
  });

  it('stops a paste at the first line that was not answered, and shows what was not run', () => {
    const driver = new Driver().setup().submit('MULTI\nSET a 1\nAUTH pw\nEXEC').fail(0);
    assert.equal(driver.sent.length, 1);
    assert.deepEqual(driver.shown, ['MULTI: no', 'SET a 1: dropped', 'AUTH •••: dropped', 'EXEC: dropped']);
  });

  it('says how many lines of a paste do not fit, and runs the others', () => {
    const lines = Array.from({ length: MAX_PASTE_LINES }, (_, index) => `ECHO ${index}`);
    const driver = new Driver().setup().submit([...lines, 'SET a 1', 'AUTH hunter2'].join('\n'));
    assert.deepEqual(driver.model.entries.map(({ outcome }) => outcome), [{ kind: 'overflow', lines: 2 }, { kind: 'running' }]);
    assert.equal(driver.model.waiting.length, MAX_PASTE_LINES - 1);
    driver.submit('PING\nPING\n');
    assert.deepEqual(driver.model.entries.at(-1)?.outcome, { kind: 'overflow', lines: 1 });
    assert.deepEqual(restoreState(structuredClone(savedState(driver.model, ''))).model.entries, driver.model.entries);
    assert.deepEqual(new Driver().setup().submit(lines.join('\n')).shown, ['ECHO 0: running']);
  });

  it('cancels what runs and drops what waits', () => {
    const driver = new Driver().setup().submit('BLPOP q 0\nPING').on({ type: 'cancel' });
    assert.deepEqual(driver.sent.at(-1), { type: 'cancel', id: 0 });
    driver.fail(0, true);
    assert.deepEqual(driver.shown, ['BLPOP q 0: cancelled', 'PING: dropped']);
    assert.equal(driver.on({ type: 'cancel' }).sent.length, 2, 'nothing left to cancel');
  });

  it('waits with typed lines until it is connected', () => {
    const driver = new Driver().setup(null, 'connecting').submit('PING');
    assert.deepEqual(driver.sent, []);
    driver.status('ready');
    assert.deepEqual(driver.sent, [{ type: 'run', id: 0, line: 'PING', rest: [], judged: false }]);
  });

  it('drops them when it cannot connect', () => {
    const driver = new Driver().setup(null, 'connecting').submit('PING').status('failed').status('ready');
    assert.deepEqual(driver.sent, []);
    assert.deepEqual(driver.shown, ['PING: dropped']);
  });

  it('shows secrets masked, and sends them whole', () => {
    const driver = new Driver().setup().submit('AUTH user hunter2');
    assert.deepEqual(driver.sent, [{ type: 'run', id: 0, line: 'AUTH user hunter2', rest: [], judged: false }]);
    assert.ok(!JSON.stringify(driver.model).includes('hunter2'));
  });

  it('masks what turns out to be secret under another name', () => {
    const driver = new Driver().setup().submit('sesame hunter2\nsettings get *\nPING');
    driver.hear({ type: 'renames', names: [['sesame', 'auth'], ['settings', 'config']] }).reply(0, 'hunter2').reply(1, 'hunter2').fail(2);
    assert.deepEqual(driver.shown, ['sesame •••: hunter2', 'settings get *: hunter2', 'PING: no']);
    driver.submit('SESAME hunter2').fail(3);
    assert.ok(!JSON.stringify(savedState(driver.model, 'sesame hunter2')).includes('hunter2'));
  });

  it('says that the connection was made again until the next reply', () => {
    const driver = new Driver().setup().status('lost').status('ready');
    assert.equal(driver.model.restored, true);
    driver.submit('PING').reply(0);
    assert.equal(driver.model.restored, false);
  });

  it('pings only a console that is ready and idle, once at a time', () => {
    const driver = new Driver().setup().on({ type: 'ping' }).on({ type: 'ping' });
    assert.deepEqual(driver.sent, [{ type: 'ping' }]);
    driver.hear({ type: 'pong', latencyMs: 2 });
    assert.deepEqual(driver.model.latency, { kind: 'known', ms: 2 });
    driver.submit('BLPOP q 0').on({ type: 'ping' });
    assert.equal(driver.sent.length, 2);
    driver.reply(0).on({ type: 'ping' }).hear({ type: 'pingFailed', text: 'no' });
    assert.deepEqual(driver.model.latency, { kind: 'failed', text: 'no' });
    assert.equal(driver.status('lost').on({ type: 'ping' }).sent.length, 3);
  });

  it('connects again only when asked in a state where that makes sense', () => {
    const driver = new Driver().setup().on({ type: 'connect' });
    assert.deepEqual(driver.sent, []);
    for (const status of ['failed', 'lost'] as const) assert.deepEqual(driver.status(status).on({ type: 'connect' }).sent.pop(), { type: 'connect' });
    assert.deepEqual(driver.status('tunnelClosed').on({ type: 'connect' }).sent, []);
  });

  const large = { type: 'reply', id: 0, kind: 'value', text: '', rows: 5000, views: ['json'], truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'h:1' } as const;

  it('shows a large reply while it comes, and its end', () => {
    const driver = new Driver().setup().submit('LRANGE l 0 -1').hear({ type: 'growing', id: 0, rows: 2000 });
    assert.deepEqual(driver.model.entries[0]?.outcome, { kind: 'running', rows: 2000 });
    assert.equal(driver.model.running, 0);
    driver.hear(large).hear({ type: 'growing', id: 0, rows: 3000 });
    const outcome = driver.model.entries[0]?.outcome;
    assert.ok(outcome?.kind === 'value' && outcome.rows === 5000, 'what comes late changes nothing');
  });

  it('runs nothing after a reply of which only a part came', () => {
    for (const ending of ['stopped', 'lost'] as const) {
      const driver = new Driver().setup().submit('LRANGE l 0 -1\nDEL l').hear({ ...large, ending });
      assert.deepEqual(driver.shown, ['LRANGE l 0 -1: ', 'DEL l: dropped']);
      assert.equal(driver.sent.filter(({ type }) => type === 'run').length, 1);
    }
  });

  it('comes back with what is known of a large reply, but not of one that is secret', () => {
    const back = (line: string): unknown => {
      const driver = new Driver().setup().submit(line).hear(large);
      return restoreState(structuredClone(savedState(driver.model, ''))).model.entries[0]?.outcome;
    };
    assert.deepEqual(back('LRANGE l 0 -1'), { kind: 'value', text: '', truncated: false, elapsedMs: 1, rows: 5000, views: ['json'], ending: 'whole' });
    assert.deepEqual(back('CONFIG GET requirepass'), { kind: 'value', text: '•••', truncated: false, elapsedMs: 1, rows: 0, views: [], ending: 'whole' });
  });

  it('takes no state in which a reply claims what is none', () => {
    const driver = new Driver().setup().submit('LRANGE l 0 -1').hear(large);
    const state = JSON.stringify(savedState(driver.model, ''));
    assert.equal(restoreState(JSON.parse(state)).model.entries.length, 1);
    assert.equal(restoreState(JSON.parse(state.replace('5000', '"x"'))).model.entries.length, 0);
    assert.equal(restoreState(JSON.parse(state.replace('["json"]', '["html"]'))).model.entries.length, 0);
  });

  it('tells the extension what it need not keep any more', () => {
    assert.deepEqual(new Driver().setup().on({ type: 'clear' }).sent, [{ type: 'forget' }]);
  });

  it('clears everything but what is running', () => {
    const driver = new Driver().setup().submit('PING').reply(0).submit('BLPOP q 0').on({ type: 'clear' });
    assert.deepEqual(driver.shown, ['BLPOP q 0: running']);
    assert.deepEqual(driver.reply(1, '(nil)').shown, ['BLPOP q 0: (nil)']);
  });

  it('is bounded in entries and in text, and drops a line that is too long', () => {
    const driver = new Driver().setup();
    for (let id = 0; id < MAX_ENTRIES + 50; id++) driver.submit(`ECHO ${id}`).reply(id);
    assert.equal(driver.model.entries.length, MAX_ENTRIES);
    assert.equal(driver.model.entries.at(-1)?.id, MAX_ENTRIES + 49);
    const long = new Driver().setup();
    for (let id = 0; id < 20; id++) long.submit('GET big').reply(id, 'x'.repeat(1024 * 1024));
    assert.ok(long.model.entries.length <= 8);
    assert.equal(new Driver().setup().submit('x'.repeat(2 * 1024 * 1024)).sent.length, 0);
  });
});

describe('saved state', () => {
  const save = ({ model }: Driver, draft = ''): unknown => structuredClone(savedState(model, draft));

  it('brings back entries and draft', () => {
    const driver = new Driver().setup().submit('GET a').reply(0, '"x"');
    const { model, draft } = restoreState(save(driver, 'SET'));
    assert.deepEqual(model.entries, driver.model.entries);
    assert.equal(model.nextId, 1);
    assert.equal(draft, 'SET');
  });

  it('holds no secret: neither a line, nor a reply, nor what is being typed', () => {
    const driver = new Driver().setup();
    driver.submit('AUTH hunter2').reply(0, 'echo hunter2').submit('CONFIG GET requirepass').reply(1, '1) "requirepass"\n2) "hunter2"');
    driver.submit('ACL SETUSER me >hunter2').reply(2);
    assert.ok(JSON.stringify(driver.model).includes('hunter2'), 'the reply is on the screen');
    assert.ok(!JSON.stringify(save(driver, 'auth hunter2')).includes('hunter2'));
  });

  it('goes on waiting for a command that is still running, and gives up on one that is not', () => {
    const saved = save(new Driver().setup().submit('BLPOP q 0\nPING'));
    const waiting = new Driver(restoreState(saved).model).setup(0);
    assert.equal(waiting.model.running, 0);
    assert.deepEqual(waiting.sent, [], 'what waited is not run by itself');
    assert.deepEqual(waiting.reply(0, '(nil)').shown, ['BLPOP q 0: (nil)']);
    const gone = new Driver(restoreState(saved).model).setup(null);
    assert.deepEqual(gone.shown, ['BLPOP q 0: unanswered']);
    assert.equal(gone.model.running, undefined);
  });

  it('is bounded', () => {
    const driver = new Driver().setup();
    for (let id = 0; id < 10; id++) driver.submit('GET big').reply(id, 'x'.repeat(100_000));
    assert.ok(JSON.stringify(save(driver)).length < 300_000);
  });

  it('gives an empty console for anything else', () => {
    for (const value of [undefined, null, 1, 'x', [], {}, { version: 2 }, { version: 1, nextId: 'x', entries: [] }]) {
      assert.deepEqual(restoreState(value).model, EMPTY_MODEL);
    }
    const half = restoreState({ version: 1, nextId: 4, entries: [{ id: 1 }, null, { id: 2, prompt: 'p', shown: 's', fleeting: false, outcome: { kind: 'value' } }], draft: 1 });
    assert.deepEqual(half.model.entries, []);
    assert.equal(half.draft, '');
  });
});
