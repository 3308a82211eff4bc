/**
 * What a command does to a server that is in use: `read` changes nothing that others see, `write` does; `slow` holds a
 * server up when its keys are large; `dangerous` can lose data at one stroke, or change or stop the server itself.
 */
export type CommandClass = 'read' | 'write' | 'slow' | 'dangerous';

/**
 * The commands of Redis 7.0 by the flags of its own `COMMAND`, those of later versions (Redis 7.2 to 8.4, Valkey 8 and 9) and
 * of the modules that come with Redis 8 by their documentation. A subcommand follows a bar; `*` stands for all that are not named.
 * Reading is what has the flag `readonly`, and what changes nothing but one's own connection.
 */
const READ = `
  bitcount bitfield_ro bitpos dbsize digest dump eval_ro evalsha_ro exists expiretime fcall_ro geodist geohash geopos
  georadius_ro georadiusbymember_ro geosearch get getbit getrange hexists hexpiretime hget hgetall hkeys hlen hmget hpexpiretime
  hpttl hrandfield hscan hstrlen httl hvals lcs lindex llen lolwut lpos lrange memory|usage mget object|encoding object|freq
  object|idletime object|refcount pexpiretime pfcount pttl randomkey scan scard sdiff sinter sintercard sismember smembers
  smismember sort_ro srandmember sscan strlen substr sunion touch ttl type xinfo|consumers xinfo|groups xinfo|stream xlen
  xpending xrange xread xrevrange zcard zcount zdiff zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex
  zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion
  vcard vdim vemb vgetattr vinfo vismember vlinks vrandmember vrange vsim
  acl|cat acl|dryrun acl|genpass acl|getuser acl|list acl|log acl|users acl|whoami
  asking auth client|caching client|capa client|getname client|getredir client|id client|info client|list client|no-evict
  client|no-touch client|reply client|setinfo client|setname client|tracking client|trackinginfo
  cluster|count-failure-reports cluster|countkeysinslot cluster|getkeysinslot cluster|getslotmigrations cluster|info
  cluster|keyslot cluster|links cluster|myid cluster|myshardid cluster|nodes cluster|replicas cluster|shards cluster|slaves
  cluster|slot-stats cluster|slots
  command command|count command|docs command|getkeys command|getkeysandflags command|info command|list
  commandlog|get commandlog|len config|get discard echo exec function|dump function|list function|stats hello info lastsave
  latency|doctor latency|graph latency|histogram latency|history latency|latest memory|doctor memory|malloc-stats memory|stats
  module|list multi ping psubscribe pubsub|channels pubsub|numpat pubsub|numsub pubsub|shardchannels pubsub|shardnumsub
  punsubscribe quit readonly readwrite reset role script|exists script|show select slowlog|get slowlog|len ssubscribe subscribe
  sunsubscribe time unsubscribe unwatch wait waitaof watch
  bf.card bf.exists bf.info bf.mexists bf.scandump cf.compact cf.count cf.exists cf.info cf.mexists cf.scandump cms.info cms.query
  ft._list ft.aggregate ft.config|get ft.cursor|read ft.dictdump ft.explain ft.explaincli ft.hybrid ft.info ft.profile
  ft.search ft.spellcheck ft.sugget ft.suglen ft.syndump ft.tagvals
  json.arrindex json.arrlen json.debug json.get json.mget json.objkeys json.objlen json.resp json.strlen json.type
  tdigest.byrank tdigest.byrevrank tdigest.cdf tdigest.info tdigest.max tdigest.min tdigest.quantile tdigest.rank
  tdigest.revrank tdigest.trimmed_mean topk.count topk.info topk.list topk.query
  ts.get ts.info ts.mget ts.mrange ts.mrevrange ts.queryindex ts.range ts.revrange`;

const WRITE = `
  append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby del delex delifeq expire
  expireat function|load geoadd georadius georadiusbymember geosearchstore getdel getex getset hdel hexpire hexpireat hgetdel
  hgetex hincrby hincrbyfloat hmset hpersist hpexpire hpexpireat hset hsetex hsetnx incr incrby incrbyfloat linsert lmove lmpop
  lpop lpush lpushx lrem lset ltrim move mset msetex msetnx persist pexpire pexpireat pfadd pfdebug pfmerge psetex rename
  renamenx restore restore-asking rpop rpoplpush rpush rpushx sadd sdiffstore set setbit setex setnx setrange sinterstore smove
  sort spop srem sunionstore unlink xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup|create xgroup|createconsumer
  xgroup|delconsumer xgroup|destroy xgroup|setid xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop zpopmax
  zpopmin zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore
  vadd vrem vsetattr
  client|* client|import-source client|unblock client|unpause commandlog|reset config|resetstat function|* function|kill
  latency|reset memory|purge object|* pfselftest publish script|* script|debug script|kill script|load slowlog|reset spublish
  bf.add bf.insert bf.loadchunk bf.madd bf.reserve cf.add cf.addnx cf.del cf.insert cf.insertnx cf.loadchunk cf.reserve
  cms.incrby cms.initbydim cms.initbyprob cms.merge
  ft.aliasadd ft.aliasdel ft.aliasupdate ft.alter ft.create ft.cursor|* ft.cursor|del ft.dictadd ft.dictdel ft.sugadd ft.sugdel
  ft.synupdate
  json.arrappend json.arrinsert json.arrpop json.arrtrim json.clear json.del json.forget json.merge json.mset json.numincrby
  json.nummultby json.set json.strappend json.toggle
  tdigest.add tdigest.create tdigest.merge tdigest.reset topk.add topk.incrby topk.reserve
  ts.add ts.alter ts.create ts.createrule ts.decrby ts.del ts.deleterule ts.incrby ts.madd`;

/**
 * `keys` is here for `KEYS *`; `monitor`, because it slows a server down and shows everybody's data; scripts, because nobody sees
 * what they write: whatever they say of themselves (`#!lua flags=no-writes`), since there is `EVAL_RO` for those that only read.
 */
const DANGEROUS = `
  acl|* acl|deluser acl|load acl|save acl|setuser bgrewriteaof bgsave client|kill client|pause
  cluster|* cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|cancelslotmigrations cluster|delslots
  cluster|delslotsrange cluster|failover cluster|flushslot cluster|flushslots cluster|forget cluster|meet cluster|migrateslots
  cluster|migration cluster|replicate cluster|reset cluster|saveconfig cluster|set-config-epoch cluster|setslot
  config|* config|rewrite config|set debug debug|* eval evalsha failover fcall flushall flushdb ft.config|* ft.config|set
  ft.drop ft.dropindex function|delete function|flush function|restore migrate module|* module|load module|loadex module|unload
  monitor   psync replconf replicaof save script|flush sentinel|* sflush shutdown slaveof swapdb sync trimslots`;

/** What only reads and yet may hold the server up, whatever its arguments; most depends on those (`slowness`). */
const SLOW = 'keys';

function entries(names: string, className: CommandClass): [string, CommandClass][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, className]);
}

const TABLE: ReadonlyMap<string, CommandClass> = new Map([
  ...entries(READ, 'read'),
  ...entries(WRITE, 'write'),
  ...entries(DANGEROUS, 'dangerous'),
  ...entries(SLOW, 'slow'),
]);

const CONTAINERS: ReadonlySet<string> = new Set([...TABLE.keys()].flatMap((name) => (name.includes('|') ? [name.split('|')[0]!] : [])));

/** Every name of the table, for tests and completion. */
export const BUNDLED_COMMANDS: readonly string[] = [...TABLE.keys()].filter((name) => !name.endsWith('*'));

/** Whether the first argument of this command names a subcommand. */
export function isContainer(name: string): boolean {
  return CONTAINERS.has(name);
}

/** The class of `name` or `name|subcommand`, both in lower case; undefined for what the table does not know. */
export function bundledClass(name: string): CommandClass | undefined {
  const [container, sub] = name.split('|');
  // Every container has a HELP, which reads nothing but itself.
  if (sub === 'help' && CONTAINERS.has(container!)) return 'read';
  return TABLE.get(name) ?? (sub === undefined ? undefined : TABLE.get(`${container}|*`));
}
