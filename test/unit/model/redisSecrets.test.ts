import assert from 'node:assert/strict';
import { hasSecretReply, isSecretLine, masked, NO_RENAMES, parseRenames, withRename } from '../../../src/model/redisSecrets';

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
  '+3 AUTH pw',
  '" 3" AUTH pw',
  'renamed-config SET requirepass pw',
  "EVAL \"redis.call('config','set','requirepass','pw')\" 0",
  'ACL SETUSER me >pw allkeys',
  '@all AUTH pw',
  ' @10.0.0.1:6379 3 auth user pw',
  'users setuser bob on >pw',
  '@primaries CONFIG SET requirepass pw',
];
const HARMLESS = ['GET auth', 'SET author 1', 'HELLO 3', 'ACL WHOAMI', 'ACL LIST', 'CONFIG SET maxmemory 1', 'CONFIG GET requirepass', 'MIGRATE h 1 k 0 10', '', '  ', 'PING', '"'];

describe('isSecretLine', () => {
  for (const line of SECRET) it(`keeps ${line} out`, () => assert.ok(isSecretLine(line)));
  for (const line of HARMLESS) it(`lets ${JSON.stringify(line)} be kept`, () => assert.ok(!isSecretLine(line)));
});

describe('Renames', () => {
  const renames = withRename(withRename(withRename(NO_RENAMES, 'users', 'acl'), 'settings', 'config'), 'mystery', undefined);

  it('know a command by its new name, and in doubt take a name for AUTH', () => {
    for (const line of ['users SETUSER bob', 'Settings set tls-key-file-pass pw', 'mystery pw', '3 MYSTERY pw', '@all mystery pw']) assert.ok(isSecretLine(line, renames), line);
    for (const line of ['users list', 'settings get requirepass', 'other pw']) assert.ok(!isSecretLine(line, renames), line);
    for (const line of ['settings get *', 'users getuser bob']) assert.ok(hasSecretReply(line, renames), line);
  });

  it('change only when something new was found out', () => {
    assert.equal(withRename(renames, 'users', 'acl'), renames);
    assert.equal(withRename(renames, 'wipe', 'flushall'), renames);
    assert.ok(!isSecretLine('mystery pw', withRename(renames, 'mystery', 'mystery')), 'there is no such command');
  });

  it('are bounded, and nothing else is taken for them', () => {
    let many = NO_RENAMES;
    for (let index = 0; index < 400; index++) many = withRename(many, `no-${index}`, undefined);
    assert.equal(many.size, 300);
    assert.ok(isSecretLine('no-399 pw', many));
    assert.deepEqual(parseRenames([...many]), many);
    for (const value of [undefined, {}, ['users'], [['users']], [['users', 'get']], [[1, 'acl']], [['x'.repeat(1001), 'acl']]]) assert.equal(parseRenames(value), undefined);
  });
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
