/** Lines that redis-cli and the engine must print alike. Each group runs on a fresh connection to an empty server. */
export interface GoldenGroup {
  readonly name: string;
  readonly lines: readonly string[];
  /** What differs from one run to the next: times, ids, counters. */
  readonly volatile?: RegExp;
  /** Only where it means something, or where redis-cli survives it. */
  readonly only?: 'RESP2' | 'RESP3';
}

/** Numbers of any kind, as in reports about the server. */
const NUMBERS = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?[BKMG]?/g;

/** A group without anything that differs. */
function group(name: string, ...lines: readonly string[]): GoldenGroup {
  return { name, lines };
}

/** Scripts whose replies are of every shape. */
const LUA: readonly string[] = [
  'return 1',
  'return 3.99',
  'return nil',
  "return ''",
  'return false',
  'return true',
  'return {}',
  'return {{}}',
  'return {{},{{}}}',
  "return {1,{2,{3,'x'},{}},false,true,'ok'}",
  'return {1,2,nil,4}',
  "return redis.status_reply('FINE')",
  "return redis.error_reply('MY error')",
  "return redis.error_reply('no code')",
  "return {1,redis.error_reply('E in'),redis.status_reply('S in'),4}",
  "return {{{{{{'deep'}}}}}}",
  "return {{'a','b'},{'c',{'d','e'}}}",
  'local t={} for i=1,9 do t[i]=i end return t',
  'local t={} for i=1,10 do t[i]=i end return t',
  "local t={} for i=1,120 do t[i]={i,'v'..i} end return t",
  'return {KEYS,ARGV}',
  "return redis.call('nosuch')",
  "return redis.pcall('nosuch')",
  "return redis.call('ping')",
  'syntax error here',
  "error('thrown')",
  "error({err='ERR of a table'})",
  "return {err='custom'}",
  "return {ok='custom'}",
  "return string.rep('x',300)",
  "return '\\\\0\\\\1\\\\127\\\\128\\\\255'",
  "redis.call('set','k','v') return redis.call('get','k')",
];

const LUA_RESP3: readonly string[] = [
  'return {double=3.5}',
  'return {double=1e300}',
  'return {double=10}',
  'return {double=1/0}',
  'return {double=-1/0}',
  'return {map={a=1}}',
  'return {map={}}',
  'return {map={a={map={b={1,2}}}}}',
  'return {map={a={}}}',
  'return {map={a={{1}}}}',
  'return {set={a=true}}',
  'return {set={}}',
  'return true',
  'return false',
  'return nil',
  "return {verbatim_string={format='txt',string='some\\\\ntext'}}",
  "return {1,{double=0.1},{map={k='v'}},{set={m=true}},true,false}",
];

export const GOLDEN: readonly GoldenGroup[] = [
  group('echoes and escapes', 'PING', 'PING "hello world"', 'ECHO "\\x00\\xff\\"\\\\\\n\\r\\t\\a\\b"', 'echo é', "ECHO 'a\\'b\\n'", 'ECHO ""', 'ECHO', 'ECHO "line\\nline"', 'ECHO "\\x1b[31mred\\x1b[0m"', 'ECHO "日本 \u{1f600}"', 'ECHO "\\xf0\\x9f"', 'ECHO "\\r\\n"', 'ECHO "\\\\"', 'ECHO "tab\\tend"', 'ECHO "\\x7f"', 'ECHO "trailing "'),
  group('quotes that are not closed', 'ECHO "a', 'ECHO "a"b', "ECHO 'a", 'PING', '', '   ', 'ECHO "a" "b"'),
  group('repetition', '3 PING', '2 ECHO x', '3 INCR n', '0 PING', '-1 PING', '2 NOSUCH', '2 RPUSH l a', '2 LRANGE l 0 -1', '"" PING'),
  group('strings', 'SET a 1', 'GET a', 'GET nothing', 'INCR a', 'INCRBY a 9223372036854775805', 'INCR a', 'DECRBY a -5', 'APPEND a x', 'STRLEN a', 'GETRANGE a 0 3', 'SETRANGE a 2 zz', 'SETRANGE b 5 x', 'GET b', 'SUBSTR a 0 1'),
  group('setting and getting', 'SET k v NX GET', 'SET k v XX', 'SET k v NX', 'SETNX k w', 'GETSET k w', 'GETDEL k', 'MSET a 1 b 2', 'MGET a x b', 'MSETNX a 1 c 2', 'TYPE a', 'TYPE x', 'EXISTS a b c', 'DEL a b', 'TTL a', 'PTTL a', 'SETEX e 100000 v', 'EXPIRETIME x', 'GETEX e PERSIST', 'TTL e', 'SET a b c', 'LCS none none2', 'MSET x ohmytext y mynewtext', 'LCS x y', 'LCS x y IDX', 'LCS x y LEN'),
  group('keys', 'SET f 10.5', 'INCRBYFLOAT f 0.1', 'OBJECT ENCODING f', 'EXPIRE f 100', 'EXPIRE f 10 NX', 'PERSIST f', 'RENAME f g', 'RENAMENX g g', 'RENAME nothing x', 'COPY g h', 'COPY g h', 'TOUCH g h', 'UNLINK g h', 'RANDOMKEY', 'KEYS *', 'SET only 1', 'RANDOMKEY', 'KEYS o*', 'SCAN 0', 'SCAN 0 MATCH x* COUNT 100 TYPE string', 'SCAN x', 'OBJECT REFCOUNT only', 'OBJECT FREQ only', 'OBJECT IDLETIME none', 'DUMP none', 'DUMP only', 'RESTORE only 0 x', 'RESTORE other 0 x', 'SORT none', 'EXPIREAT only 1', 'GET only'),
  group('bits and counters', 'SETBIT b 7 1', 'BITCOUNT b', 'BITCOUNT b 0 0 BIT', 'GETBIT b 7', 'BITPOS b 1', 'BITFIELD b GET u8 0 INCRBY u4 0 1', 'BITFIELD b OVERFLOW FAIL INCRBY u2 100 5', 'BITFIELD_RO b GET i8 0', 'BITOP NOT c b', 'GET c', 'PFADD p a b c', 'PFCOUNT p', 'PFMERGE q p', 'SETBIT b -1 1'),
  group('lists', 'RPUSH l a b c d e f g h i j k', 'LRANGE l 0 -1', 'LPOP l 2', 'LPOP nothing 2', 'LPOP nothing', 'LPOS l c', 'LPOS l none', 'LPOS l d COUNT 0', 'LINDEX l 99', 'LINDEX l 0', 'LLEN l', 'LRANGE l 5 1', 'LMPOP 1 l LEFT COUNT 2', 'LMPOP 1 none LEFT', 'LINSERT l BEFORE e x', 'LSET l 99 x', 'LREM l 0 x', 'LTRIM l 0 1', 'LMOVE l m LEFT RIGHT', 'RPOPLPUSH none m', 'BLPOP none 0.01', 'BLMPOP 0.01 1 none LEFT', 'SORT l', 'SORT l ALPHA DESC', 'LPUSHX none a', 'RPUSH n 3 1 2', 'SORT n', 'SORT_RO n DESC LIMIT 0 2', 'SORT n BY nosort GET # GET none', 'SORT n STORE o'),
  group('hashes', 'HSET h f1 v1 f2 "v 2"', 'HGETALL h', 'HGET h f1', 'HGET h none', 'HMGET h f1 none', 'HGETALL none', 'HRANDFIELD h 0', 'HRANDFIELD none', 'HINCRBYFLOAT h n 1.25', 'HINCRBY h m 3', 'HSCAN h 0', 'HSTRLEN h f2', 'HKEYS h', 'HVALS h', 'HLEN h', 'HEXISTS h f1', 'HSETNX h f1 x', 'HDEL h f1 none', 'HMSET h a 1', 'HSET h "" ""', 'HGETALL h', 'HSET h "\\xff" "\\x00"', 'HGET h "\\xff"', 'HSET h'),
  group('sets', 'SADD s 3 1 2', 'SMEMBERS s', 'SISMEMBER s 1', 'SMISMEMBER s 1 9', 'SINTERCARD 1 s', 'SSCAN s 0', 'SPOP none', 'SPOP none 2', 'SRANDMEMBER none 2', 'SADD t 2 3 4', 'SINTER s t', 'SUNION s t', 'SDIFF s t', 'SDIFFSTORE d s t', 'SMOVE s t 1', 'SREM s 9', 'SCARD s', 'SMEMBERS none'),
  group('sorted sets', 'ZADD z 1 a 2.5 b inf c -inf d', 'ZRANGE z 0 -1 WITHSCORES', 'ZRANGE z 0 -1', 'ZSCORE z b', 'ZSCORE z c', 'ZSCORE z none', 'ZRANK z none', 'ZRANK z a', 'ZINCRBY z 0.1 a', 'ZADD z INCR 1 a', 'ZADD z NX INCR 1 a', 'ZPOPMIN z', 'ZPOPMAX none', 'ZRANGEBYSCORE z (1 +inf LIMIT 0 1', 'ZMSCORE z a none', 'ZADD z nan x', 'ZCOUNT z -inf +inf', 'ZLEXCOUNT z - +', 'ZRANDMEMBER z 0', 'ZADD y 1 a 2 e', 'ZINTER 2 z y WITHSCORES', 'ZUNION 2 z y WITHSCORES', 'ZDIFF 2 z y', 'ZRANGESTORE w z 0 -1', 'ZSCAN z 0', 'ZMPOP 1 z MIN', 'BZPOPMIN none 0.01', 'BZMPOP 0.01 1 none MIN', 'ZREMRANGEBYRANK z 0 0', 'ZADD big 12345678901234567 x 0.1 y 1e100 w', 'ZRANGE big 0 -1 WITHSCORES', 'ZINTERCARD 1 big'),
  group('places', 'GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania', 'GEODIST g Palermo Catania km', 'GEODIST g Palermo none', 'GEOPOS g Palermo none', 'GEOHASH g Palermo none', 'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHCOORD WITHHASH', 'GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km DESC', 'GEORADIUS_RO g 15 37 200 km WITHDIST', 'GEORADIUSBYMEMBER_RO g Palermo 1 m', 'GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 m', 'GEOADD g 999 0 x'),
  group('streams', 'XADD st 1-1 a 1 b 2', 'XADD st 1-2 c 3', 'XRANGE st - +', 'XREVRANGE st + - COUNT 1', 'XREAD COUNT 1 STREAMS st 0', 'XREAD STREAMS st $', 'XREAD BLOCK 10 STREAMS st $', 'XGROUP CREATE st grp 0', 'XGROUP CREATE st grp 0', 'XREADGROUP GROUP grp me COUNT 1 STREAMS st >', 'XREADGROUP GROUP grp me STREAMS st >', 'XREADGROUP GROUP grp me STREAMS st 0', 'XREADGROUP GROUP grp me STREAMS st >', 'XPENDING st grp', 'XACK st grp 1-1', 'XINFO GROUPS st', 'XADD st 1-1 x y', 'XLEN st', 'XDEL st 1-1', 'XTRIM st MAXLEN 0', 'XRANGE st - +', 'XADD st NOMKSTREAM 5-* k v', 'XADD none NOMKSTREAM * k v', 'XSETID st 9-9', 'XINFO STREAM none', 'XGROUP DELCONSUMER st grp me', 'XGROUP DESTROY st grp', 'XADD st', 'XINFO HELP'),
  { name: 'streams that tell times', lines: ['XADD st 1-1 a 1', 'XGROUP CREATE st grp 0', 'XREADGROUP GROUP grp me STREAMS st >', 'XINFO STREAM st', 'XINFO STREAM st FULL', 'XINFO CONSUMERS st grp', 'XPENDING st grp - + 10', 'XCLAIM st grp you 0 1-1 JUSTID', 'XCLAIM st grp me 0 1-1', 'XAUTOCLAIM st grp me 0 0', 'XADD st * a 1'], volatile: NUMBERS },
  group('transactions', 'MULTI', 'SET a 1', 'LPUSH a x', 'GET a', 'LRANGE a 0 1', 'EXEC', 'EXEC', 'MULTI', 'NOSUCH', 'EXEC', 'MULTI', 'DISCARD', 'WATCH a', 'UNWATCH', 'MULTI', 'EXEC', 'WATCH a', 'SET a 2', 'MULTI', 'GET a', 'EXEC', 'MULTI', 'MULTI', 'HSET h a 1', 'HGETALL h', 'ZADD z 1.5 m', 'ZSCORE z m', 'GET none', 'EXEC', 'DISCARD'),
  group('databases', 'SELECT 3', 'SET only 1', 'DBSIZE', 'MOVE only 4', 'SELECT 4', 'KEYS *', 'SELECT 99', 'SELECT x', 'SWAPDB 3 4', 'FLUSHDB', 'INFO keyspace'),
  group('scripts', ...LUA.map((script) => `EVAL "${script}" 0`), 'EVAL "return {KEYS[1],ARGV[1]}" 1 k v', 'EVAL_RO "return redis.call(\'set\',\'a\',1)" 0', 'SCRIPT LOAD "return 2"', 'EVALSHA 7f923f79fe76194c868d7e1d0820de36700eb649 0', 'SCRIPT EXISTS abc 7f923f79fe76194c868d7e1d0820de36700eb649', 'EVALSHA abc 0', 'SCRIPT KILL', 'EVAL', 'EVAL "return 1"', 'SCRIPT HELP'),
  group('typed replies of scripts', ...LUA_RESP3.map((script) => `EVAL "redis.setresp(3); ${script}" 0`)),
  group('functions', "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function{function_name='f', callback=function(keys, args) return {keys, args} end, flags={'no-writes'}}\"", 'FCALL f 1 k a', 'FCALL_RO f 0', 'FCALL none 0', 'FUNCTION LIST', 'FUNCTION LIST WITHCODE', 'FUNCTION STATS', 'FUNCTION LOAD "x"', 'FUNCTION DUMP', 'FUNCTION KILL', 'FUNCTION DELETE lib', 'FUNCTION LIST'),
  group('refusals', 'NOSUCH a b', 'GET', 'LPUSH', 'SET a 1', 'LPUSH a b', 'HGET a b', 'INCR a b', 'SETRANGE a -1 x', 'NOSUCH "\\xff\\x00\\n"', 'CONFIG NOSUCH', 'CONFIG', 'OBJECT', 'CLIENT KILL', 'EXPIRE a x', 'GEOADD', 'ZADD a 1 b', 'BITOP NOT a b c', 'WAIT x 1', 'FAILOVER ABORT', 'MIGRATE "" 1 "" 0 1', 'REPLICAOF a', 'READONLY', 'ASKING', 'CLUSTER NODES', 'CLUSTER INFO', 'DEBUG'),
  group('configuration', 'CONFIG GET nosuch', 'CONFIG GET maxmemory-samples', 'CONFIG GET maxmemory* hash-max-listpack-entries', 'CONFIG GET save', 'CONFIG SET maxmemory banana', 'CONFIG SET nosuch 1', 'CONFIG SET maxmemory-samples 5', 'CONFIG GET *policy*', 'CONFIG HELP', 'CONFIG RESETSTAT'),
  group('what the server tells of its commands', 'COMMAND COUNT', 'COMMAND INFO GET nosuch', 'COMMAND INFO xinfo', 'COMMAND DOCS GET', 'COMMAND DOCS nosuch', 'COMMAND DOCS SET XADD', 'COMMAND GETKEYS MSET a b c d', 'COMMAND GETKEYS PING', 'COMMAND GETKEYSANDFLAGS SET a b', 'COMMAND LIST FILTERBY PATTERN xinfo*', 'COMMAND LIST FILTERBY MODULE none', 'OBJECT HELP', 'CLIENT HELP', 'MEMORY HELP'),
  group('access control', 'ACL WHOAMI', 'ACL CAT', 'ACL CAT scripting', 'ACL CAT nosuch', 'ACL SETUSER tester on >secret ~k* %R~r* &c* +@read -get', 'ACL GETUSER tester', 'ACL GETUSER nobody', 'ACL USERS', 'ACL LIST', 'ACL DRYRUN tester GET k', 'ACL DRYRUN tester MGET k', 'ACL SETUSER tester nonsense', 'ACL DELUSER tester nobody', 'ACL LOG RESET', 'ACL LOG', 'ACL GENPASS 0', 'AUTH nobody wrong', 'AUTH wrong', 'ACL HELP'),
  { name: 'the log of access control', lines: ['ACL SETUSER tester on nopass +@connection', 'AUTH tester x', 'GET a', 'AUTH default x', 'ACL LOG', 'ACL DELUSER tester'], volatile: /\d+(?:\.\d+)?|(?<=user|name=)\S*|omem=\S*/g },
  group('connections', 'CLIENT GETNAME', 'CLIENT SETNAME me', 'CLIENT GETNAME', 'CLIENT SETNAME "a b"', 'CLIENT TRACKINGINFO', 'CLIENT GETREDIR', 'CLIENT NO-EVICT on', 'CLIENT LIST ID 999999999', 'CLIENT LIST TYPE pubsub', 'CLIENT LIST TYPE x', 'CLIENT UNPAUSE', 'CLIENT UNBLOCK 999999999', 'CLIENT KILL ID 999999999', 'PUBLISH c m', 'SPUBLISH c m', 'PUBSUB CHANNELS', 'PUBSUB NUMSUB a b', 'PUBSUB NUMPAT', 'PUBSUB SHARDCHANNELS', 'PUBSUB SHARDNUMSUB', 'WAIT 0 1', 'HELLO 9', 'RESET', 'CLIENT GETNAME'),
  { name: 'what the server tells of a connection', lines: ['CLIENT ID', 'CLIENT INFO', 'CLIENT SETNAME golden', 'CLIENT INFO', 'HELLO'], volatile: NUMBERS },
  { name: 'reports', lines: ['INFO server', 'INFO clients', 'INFO memory', 'INFO persistence', 'INFO replication', 'INFO cpu', 'INFO cluster', 'INFO nosuch', 'INFO server clients', 'INFO keyspace', 'MEMORY DOCTOR', 'MEMORY STATS', 'LATENCY LATEST', 'LATENCY DOCTOR', 'LATENCY GRAPH none', 'LATENCY HISTORY none', 'LATENCY RESET', 'TIME', 'LASTSAVE', 'ROLE', 'MEMORY PURGE', 'MODULE LIST'], volatile: NUMBERS },
  group('reports that stay the same', 'MEMORY USAGE none', 'LASTSAVE x', 'LATENCY HISTOGRAM none', 'LOLWUT VERSION 9', 'LOLWUT VERSION 9 x', 'ROLE', 'SET k v', 'MEMORY USAGE k', 'SLOWLOG GET 0', 'SLOWLOG HELP', 'TIME x', 'DBSIZE'),
  { name: 'the slow log', lines: ['SLOWLOG RESET', 'CONFIG SET slowlog-log-slower-than 0', 'SET a 1', 'ECHO "\\x00\\xff"', 'CONFIG SET slowlog-log-slower-than 10000', 'SLOWLOG LEN', 'SLOWLOG GET', 'SLOWLOG RESET'], volatile: NUMBERS },
  group('every type of the protocol', ...['string', 'integer', 'double', 'null', 'array', 'set', 'map', 'verbatim', 'true', 'false'].map((type) => `DEBUG PROTOCOL ${type}`), 'DEBUG PROTOCOL nosuch'),
  // Pushes are no replies; redis-cli breaks off at attributes and big numbers.
  { name: 'a push before a reply', lines: ['DEBUG PROTOCOL push', 'PING'], only: 'RESP3' },
  { name: 'what RESP2 makes of attributes and big numbers', lines: ['DEBUG PROTOCOL attrib', 'DEBUG PROTOCOL bignum', 'DEBUG PROTOCOL push', 'PING'], only: 'RESP2' },
  { name: 'HELLO on the way', lines: ['HSET h a 1 b 2', 'HGETALL h', 'HELLO 3', 'HGETALL h', 'SADD s 1', 'SMEMBERS s', 'ZADD z 1.5 m', 'ZSCORE z m', 'ZRANGE z 0 -1 WITHSCORES', 'GET none', 'HELLO 2', 'HGETALL h', 'RESET', 'HGETALL h'], volatile: /(?<=id"?\)? ?(?:=> |\n[ \d]*\) )?\(integer\) )\d+|(?<=\bid\s)\d+/g },
];
