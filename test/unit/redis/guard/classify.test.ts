import assert from 'node:assert/strict';
import { classify, isUnknown, type Knowledge, type Verdict } from '../../../../src/redis/guard/classify';
import { BUNDLED_COMMANDS, bundledClass, type CommandClass, isContainer } from '../../../../src/redis/guard/commandTable';
import { serverCommands } from '../../../../src/redis/guard/serverCommands';
import { splitArguments } from '../../../../src/redis/splitArguments';
import { RespDecoder } from '../../../../src/wire/resp';

const judge = (line: string, knowledge?: Knowledge): Verdict => classify(splitArguments(line), knowledge);

/** Lines by what the table of ours makes of them; `+` in front of what changes something although it is called slow. */
const LINES: Readonly<Record<CommandClass, readonly string[]>> = {
  read: [
    'GET a', 'get a', '"\\x47et" a', 'PING', 'INFO', 'HELLO 3 AUTH u p', 'AUTH p', 'SELECT 2', 'MULTI', 'EXEC', 'DISCARD', 'WATCH a',
    'CONFIG GET *', 'config get maxmemory', 'CONFIG HELP', 'ACL LIST', 'ACL LOG', 'ACL HELP', 'CLIENT LIST', 'CLIENT SETNAME x',
    'CLUSTER INFO', 'CLUSTER SHARDS', 'CLUSTER HELP', 'COMMAND', 'COMMAND DOCS GET', 'SLOWLOG GET 10', 'MEMORY USAGE k', 'MEMORY DOCTOR',
    'OBJECT ENCODING k', 'SCAN 0 COUNT 100', 'LRANGE l 0 9', 'LRANGE l -10 -1', 'ZRANGE z 0 99 WITHSCORES', 'ZRANGEBYSCORE z 0 1 LIMIT 0 10',
    'XRANGE s - + COUNT 10', 'EVAL_RO "return 1" 0', 'EVALSHA_RO x 0', 'FCALL_RO f 0',
    'SCRIPT EXISTS x', 'FUNCTION LIST', 'LATENCY DOCTOR', 'BITCOUNT k 0 1', 'HTTL h FIELDS 1 a', 'VSIM v ELE a', 'COMMANDLOG GET',
    'JSON.GET k', 'FT.SEARCH i *', 'TS.RANGE t - +', 'DIGEST k', 'SORT_RO', 'WAIT 0 0',
  ],
  write: [
    'SET a 1', 'sEt a 1', 'DEL a', 'GETDEL a', 'GETEX a PERSIST', 'BLPOP q 0', 'XREADGROUP GROUP g c STREAMS s >', 'BITFIELD b GET u8 0', 'GEORADIUS g 1 1 1 km',
    'PUBLISH c m', 'SPUBLISH c m', 'RESTORE k 0 x', 'RESTORE replace 0 x', 'FUNCTION LOAD "#!lua name=x"', 'SCRIPT LOAD "return 1"', 'SCRIPT KILL', 'CLIENT UNPAUSE', 'CLIENT NOSUCH',
    'CONFIG RESETSTAT', 'SLOWLOG RESET', 'LATENCY RESET', 'MEMORY PURGE', 'ACL LOG RESET', 'acl log reset', 'NOSUCH a', 'NOSUCH.MODULE a', 'MSETEX 1 a 1', 'DELIFEQ a 1',
    'JSON.SET k $ 1', 'FT.CREATE i', 'VADD v VALUES 1 1 a', 'CLIENT', 'XGROUP DESTROY s g', 'HSETEX h FIELDS 1 a 1',
  ],
  slow: [
    'KEYS a*', 'keys ?', 'SMEMBERS s', 'HGETALL h', 'HKEYS h', 'HVALS h', 'LRANGE l 0 -1', 'LRANGE l 0 10000', 'LRANGE l x y', 'ZRANGE z 0 -1', 'ZRANGE z 0 1 BYSCORE', 'ZREVRANGE z 0 -1',
    'ZRANGEBYSCORE z -inf +inf', 'ZRANGEBYSCORE z 0 1 LIMIT 0 -1', 'XRANGE s - +', 'XREVRANGE s + - COUNT 20000', 'SUNION a b', 'ZUNION 2 a b', 'SORT_RO l', 'DUMP k', 'BITCOUNT k', 'LCS a b', 'SCAN 0 COUNT 100000',
    'HSCAN h 0 COUNT 20000', 'SORT l', 'SUNIONSTORE d a b', 'ZUNIONSTORE d 2 a b', 'BITOP AND d a b',
  ],
  dangerous: [
    'FLUSHALL', 'flushdb async', 'FLUSHALL ASYNC', 'KEYS *', 'keys "*"', 'KEYS **', 'MONITOR', 'CONFIG SET maxmemory 1', 'config rewrite', 'CONFIG NOSUCH', 'SHUTDOWN', 'SHUTDOWN NOSAVE', 'DEBUG SLEEP 1', 'DEBUG',
    'SCRIPT FLUSH', 'FUNCTION FLUSH', 'FUNCTION DELETE x', 'FUNCTION RESTORE x', 'CLUSTER RESET', 'CLUSTER FORGET x', 'CLUSTER FAILOVER', 'CLUSTER ADDSLOTS 1', 'CLUSTER NOSUCH', 'REPLICAOF NO ONE', 'SLAVEOF a 1',
    'SWAPDB 0 1', 'ACL SETUSER x', 'ACL DELUSER x', 'ACL NOSUCH', 'MODULE LOAD x', 'MODULE UNLOAD x', 'CLIENT KILL TYPE normal', 'CLIENT PAUSE 1', 'SAVE', 'BGSAVE', 'BGREWRITEAOF', 'MIGRATE h 1 k 0 1',
    'RESTORE k 0 x REPLACE', 'restore k 0 x replace', 'EVAL "return 1" 0', 'EVALSHA x 0', 'FCALL f 0', 'EVAL "#!lua flags=no-writes\\nreturn 1" 0', 'EVAL', 'FT.DROPINDEX i DD', 'SENTINEL FAILOVER m', 'FAILOVER',
  ],
};

describe('classify', () => {
  for (const [className, lines] of Object.entries(LINES)) {
    for (const line of lines) it(`calls ${line} ${className}`, () => assert.equal(judge(line).class, className));
  }

  it('knows which of the slow and the dangerous write', () => {
    for (const line of [...LINES.read, 'KEYS *', 'MONITOR', 'KEYS a*', 'SMEMBERS s', 'SORT_RO l', 'SUNION a b']) assert.equal(judge(line).writes, false, line);
    for (const line of [...LINES.write, 'FLUSHALL', 'EVAL "return 1" 0', 'SORT l', 'SUNIONSTORE d a b', 'DEBUG SLEEP 1', 'SAVE']) assert.equal(judge(line).writes, true, line);
  });

  it('names the command without its arguments', () => {
    assert.equal(judge('config set requirepass hunter2').command, 'CONFIG SET');
    assert.equal(judge('auth hunter2').command, 'AUTH');
    assert.ok(judge(`${'x'.repeat(1000)} hunter2`).command.length <= 64);
  });

  it('asks for the size of what a slow command would read', () => {
    const probes = (line: string): string[] | undefined => judge(line).size?.commands.map((words) => words.map(String).join(' '));
    assert.deepEqual(probes('KEYS a*'), ['DBSIZE']);
    assert.deepEqual(probes('HGETALL h'), ['HLEN h']);
    assert.deepEqual(probes('LRANGE l 0 -1'), ['LLEN l']);
    assert.deepEqual(probes('SUNIONSTORE d a b'), ['SCARD a', 'SCARD b']);
    assert.deepEqual(probes('ZUNION 2 a b WEIGHTS 1 2'), ['MEMORY USAGE a SAMPLES 1', 'MEMORY USAGE b SAMPLES 1']);
    assert.deepEqual(probes('BITOP NOT d a'), ['STRLEN a']);
    assert.equal(probes('SCAN 0 COUNT 100000'), undefined);
    assert.equal(probes(`SUNION ${'k '.repeat(17)}`), undefined, 'too many to ask about');
    assert.equal(judge(`SUNION ${'k '.repeat(17)}`).class, 'slow');
  });

  describe('beside the flags of the server', () => {
    const entry = (name: string, flags: string, categories = ''): string => {
      const list = (text: string): string => {
        const words = text.split(' ').filter(Boolean);
        return `*${words.length}\r\n${words.map((word) => `+${word}\r\n`).join('')}`;
      };
      return `*10\r\n$${name.length}\r\n${name}\r\n:-1\r\n${list(flags)}:0\r\n:0\r\n:0\r\n${list(categories)}*0\r\n*0\r\n*0\r\n`;
    };
    const told = (...entries: string[]): Knowledge => {
      const [reply] = new RespDecoder().push(Buffer.from(`*${entries.length}\r\n${entries.join('')}`));
      return { commands: serverCommands(reply!), aliases: new Map([['wipe', 'flushall'], ['cfg', 'config']]) };
    };

    it('takes the stricter of the two', () => {
      const knowledge = told(entry('get', 'write'), entry('set', 'readonly'));
      assert.equal(judge('GET a', knowledge).class, 'write');
      assert.equal(judge('SET a 1', knowledge).class, 'write');
    });

    it('judges what only the server knows by its flags', () => {
      const knowledge = told(entry('mod.read', 'readonly'), entry('mod.write', 'write denyoom'), entry('mod.none', 'fast'), entry('mod.admin', 'admin'), entry('mod.heavy', 'readonly', '@dangerous'), entry('mod.wipe', 'write', '@dangerous'));
      assert.equal(judge('mod.READ', knowledge).class, 'read');
      assert.equal(judge('mod.write', knowledge).class, 'write');
      assert.deepEqual(judge('mod.none', knowledge), { command: 'MOD.NONE', class: 'write', writes: true });
      assert.equal(judge('mod.admin', knowledge).class, 'dangerous');
      assert.equal(judge('mod.wipe', knowledge).class, 'dangerous');
      assert.deepEqual(judge('mod.heavy', knowledge), { command: 'MOD.HEAVY', class: 'slow', writes: false });
    });

    it('judges a renamed command as the one that it is', () => {
      const knowledge = told();
      assert.deepEqual(judge('WIPE', knowledge), { command: 'FLUSHALL', class: 'dangerous', writes: true });
      assert.equal(judge('cfg get *', knowledge).class, 'read');
      assert.equal(judge('cfg set a b', knowledge).class, 'dangerous');
      assert.equal(isUnknown([Buffer.from('Wipe')], knowledge), false);
      assert.equal(isUnknown([Buffer.from('other')], knowledge), true);
      assert.equal(isUnknown([Buffer.from('GET')], knowledge), false);
    });

    it('reads subcommands, and the short entries of old servers', () => {
      const get = entry('config|get', 'admin');
      const config = `*10\r\n+config\r\n:-2\r\n*0\r\n:0\r\n:0\r\n:0\r\n*0\r\n*0\r\n*0\r\n*1\r\n${get}`;
      const [reply] = new RespDecoder().push(Buffer.from(`*3\r\n${config}*6\r\n+get\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n*-1\r\n`));
      const commands = serverCommands(reply!);
      assert.deepEqual([...commands.keys()], ['config', 'config|get', 'get']);
      assert.equal(commands.get('config')?.container, true);
      assert.ok(commands.get('get')?.flags.has('readonly'));
    });

    it('reads nothing from a refusal', () => {
      const [reply] = new RespDecoder().push(Buffer.from("-NOPERM this user has no permissions to run the 'command' command\r\n"));
      assert.equal(serverCommands(reply!).size, 0);
    });
  });
});

describe('the bundled table', () => {
  it('has one class for each of more than 400 commands', () => {
    assert.ok(BUNDLED_COMMANDS.length > 400, String(BUNDLED_COMMANDS.length));
    for (const name of BUNDLED_COMMANDS) assert.ok(bundledClass(name), name);
  });

  it('lets nothing pass as a reader by the name of its container alone', () => {
    const containers = BUNDLED_COMMANDS.filter((name) => isContainer(name));
    for (const name of containers) assert.notEqual(bundledClass(`${name}|new-subcommand`), 'read', name);
  });
});
