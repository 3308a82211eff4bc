import assert from 'node:assert/strict';
import { InputHistory } from '../../../src/webview/console/history';
import { hasSecretReply, isSecretLine, masked } from '../../../src/webview/console/secrets';

const SECRET = [
  'AUTH pw',
  'auth user pw',
  '  AuTh  pw',
  '"AUTH" pw',
  "'auth' pw",
  String.raw`"\x41UTH" pw`,
  'AU"TH" pw',
  'AUTH "not closed',
  '3 AUTH pw',
  'HELLO 3 AUTH user pw',
  'hello 3 setname me auth user pw',
  'ACL SETUSER me on >pw',
  'CONFIG SET requirepass pw',
  'config set maxmemory 1 masterauth pw',
  'CONFIG SET tls-key-file-pass pw',
  'MIGRATE h 1 k 0 10 COPY AUTH pw',
  'migrate h 1 "" 0 10 AUTH2 u pw KEYS a',
  'SENTINEL SET m auth-pass pw',
];
const HARMLESS = ['GET auth', 'SET author 1', 'HELLO 3', 'ACL WHOAMI', 'ACL LIST', 'CONFIG SET maxmemory 1', 'CONFIG GET requirepass', 'MIGRATE h 1 k 0 10', '', '  ', 'PING', '"'];

describe('isSecretLine', () => {
  for (const line of SECRET) it(`keeps ${line} out`, () => assert.ok(isSecretLine(line)));
  for (const line of HARMLESS) it(`lets ${JSON.stringify(line)} be kept`, () => assert.ok(!isSecretLine(line)));
});

describe('masked', () => {
  it('shows nothing but the name of the command', () => {
    assert.equal(masked('AUTH pw'), 'AUTH •••');
    assert.equal(masked(String.raw`"\x41UTH" pw`), '•••');
    for (const line of SECRET) assert.ok(!masked(line).includes('pw'), line);
  });
});

describe('hasSecretReply', () => {
  it('knows replies that contain passwords or their digests', () => {
    for (const line of ['CONFIG GET *', 'config get requirepass', 'ACL LIST', 'acl getuser default', 'ACL GENPASS']) assert.ok(hasSecretReply(line), line);
    for (const line of ['GET a', 'ACL WHOAMI', 'CONFIG RESETSTAT']) assert.ok(!hasSecretReply(line), line);
  });
});

describe('InputHistory', () => {
  it('walks back and forth and gives back what was being typed', () => {
    const history = new InputHistory();
    history.add('one');
    history.add('two');
    assert.equal(history.older('draft'), 'two');
    assert.equal(history.older('two'), 'one');
    assert.equal(history.older('one'), undefined);
    assert.equal(history.newer(), 'two');
    assert.equal(history.newer(), 'draft');
    assert.equal(history.newer(), undefined);
  });

  it('never keeps a secret, a blank line or the same line twice in a row', () => {
    const history = new InputHistory(['AUTH pw', 'kept']);
    for (const line of [...SECRET, '', '  ', 'GET a', 'GET a', 'GET b', 'GET a']) history.add(line);
    assert.deepEqual(history.lines, ['kept', 'GET a', 'GET b', 'GET a']);
  });

  it('is bounded in lines and in the length of a line', () => {
    const history = new InputHistory();
    for (let index = 0; index < 600; index++) history.add(`GET ${index}`);
    history.add('x'.repeat(20_000));
    assert.equal(history.lines.length, 500);
    assert.equal(history.lines.at(-1), 'GET 599');
    assert.equal(history.older(''), 'GET 599');
  });

  it('begins a new walk after each line', () => {
    const history = new InputHistory(['one', 'two']);
    history.older('');
    history.older('');
    history.add('one');
    assert.equal(history.older(''), 'one');
    assert.equal(history.older(''), 'two');
  });
});
