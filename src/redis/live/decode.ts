import { isSecretLine } from '../../model/redisSecrets';
import type { RespValue } from '../../wire/resp';
import { splitArguments } from '../splitArguments';
import { labelOfValue, MAX_LABEL, MAX_POPPED, MAX_TEXT, quotedArgument, shortened, textOfBytes, textOfValue } from './shownText';
import type { LiveDraft } from './types';

/** What a connection with subscriptions gets. `confirmed` and `ended`: of one channel or pattern. */
export type PubSubEvent =
  | { readonly type: 'message'; readonly draft: LiveDraft }
  | { readonly type: 'confirmed' | 'ended'; readonly channel: string }
  | { readonly type: 'refused'; readonly text: string };

/**
 * A push of RESP3, or the array that stands for it in RESP2 (redis.io, "Pub/sub"). Undefined for anything else.
 * @param keyspace whether the channels are those of keyspace notifications
 */
export function pubSubEvent(value: RespValue, keyspace: boolean): PubSubEvent | undefined {
  if (value.type === 'error') return { type: 'refused', text: value.text };
  if (value.type !== 'push' && value.type !== 'array') return undefined;
  const { items } = value;
  switch (labelOfValue(items[0])) {
    case 'message':
    case 'smessage':
      return { type: 'message', draft: messageDraft(items[1], undefined, items[2], keyspace) };
    case 'pmessage':
      return { type: 'message', draft: messageDraft(items[2], items[1], items[3], keyspace) };
    case 'subscribe':
    case 'psubscribe':
    case 'ssubscribe':
      return { type: 'confirmed', channel: labelOfValue(items[1]) };
    case 'unsubscribe':
    case 'punsubscribe':
    case 'sunsubscribe':
      return { type: 'ended', channel: labelOfValue(items[1]) };
    default:
      return undefined;
  }
}

function messageDraft(channel: RespValue | undefined, pattern: RespValue | undefined, payload: RespValue | undefined, keyspace: boolean): LiveDraft {
  // What did not fit is left out of an aggregate altogether.
  const content = payload ? textOfValue(payload) : { text: '', bytes: 0, cut: true };
  const label = labelOfValue(channel);
  const event = keyspace ? keyspaceDraft(label, content) : undefined;
  return event ?? { label, origin: pattern ? labelOfValue(pattern) : '', ...content };
}

/** `__keyevent@0__:set` says the event and is about the key in its payload, `__keyspace@0__:key` the other way round. */
function keyspaceDraft(channel: string, content: Pick<LiveDraft, 'text' | 'bytes' | 'cut'>): LiveDraft | undefined {
  const parts = /^__key(event|space)@(\d+)__:(.*)$/s.exec(channel);
  if (!parts) return undefined;
  const [, kind, database, rest = ''] = parts;
  const origin = `db ${database}`;
  return kind === 'event' ? { ...content, label: rest, origin } : { ...content, label: shortened(content.text, MAX_LABEL), origin, text: rest };
}

/** What is looked at of a line: a command with a larger argument is shown cut. */
const MAX_LINE = 64 * 1024;
const ARGUMENT = /"(?:[^"\\]|\\.)*"/y;

/**
 * A line of MONITOR: `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`. Servers write `(redacted)` for most secrets; what they
 * do not is masked here. Undefined for a line of another form.
 */
export function monitorDraft(line: string): LiveDraft | undefined {
  const head = /^(\d{1,12})\.(\d{6}) \[(\d+) ([^"]*)\] (?=")/.exec(line.slice(0, 1000));
  if (!head) return undefined;
  const [prefix, seconds, micros, database, client] = head;
  const bytes = Buffer.byteLength(line) - prefix.length;
  const cut = line.length - prefix.length > MAX_LINE;
  const command = cut ? shortened(line.slice(prefix.length), MAX_LINE) : line.slice(prefix.length);
  ARGUMENT.lastIndex = 0;
  const name = ARGUMENT.exec(command)?.[0] ?? '';
  const label = shortened(splitArguments(name)[0]?.toString('latin1') ?? command, 64).toUpperCase();
  const at = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  const rest = command.slice(name.length).trimStart();
  const text = isSecretLine(command) ? '•••' : cut ? rest : plainArguments(rest);
  return { at, label, origin: `db ${database} · ${shortened(client ?? '', 100)}`, text, bytes, cut };
}

/** As a person would type them: MONITOR quotes everything. */
function plainArguments(quoted: string): string {
  try {
    return splitArguments(quoted).map((arg) => quotedArgument(arg)).join(' ');
  } catch {
    return quoted;
  }
}

/** The answers of one blocking command: what was popped, or the entries of streams. Empty when it waited in vain. */
export function blockDrafts(name: string, reply: RespValue, key: string): readonly LiveDraft[] {
  if (name === 'xread' || name === 'xreadgroup') return streamDrafts(reply).map(({ draft }) => draft);
  if (reply.type === 'null') return [];
  if (reply.type !== 'array') return [{ label: key, origin: '', ...textOfValue(reply, MAX_POPPED) }];
  // BLPOP: key, value. BZPOPMIN: key, member, score. BLMPOP: key, values. BZMPOP: key, members with scores.
  const [from, ...values] = reply.items;
  const [first] = values;
  const label = labelOfValue(from);
  if (values.length === 2) return [{ label, ...textOfValue(first, MAX_POPPED), origin: labelOfValue(values[1]) }];
  if (first?.type !== 'array') return [{ label, origin: '', ...textOfValue(first, MAX_POPPED) }];
  return first.items.map((item) => {
    const [member, score] = item.type === 'array' ? item.items : [item];
    const { text, bytes, cut } = textOfValue(member, MAX_POPPED);
    return { label, origin: score ? labelOfValue(score) : '', text, bytes, cut };
  });
}

/** One entry of a stream, as XREAD tells it: `[[key, [[id, [field, value, …]], …]], …]`. */
export interface StreamEntry {
  readonly key: Buffer;
  readonly id: string;
  readonly draft: LiveDraft;
}

export function streamDrafts(reply: RespValue): readonly StreamEntry[] {
  const entries: StreamEntry[] = [];
  for (const stream of itemsOf(reply)) {
    const [key, list] = itemsOf(stream);
    if (key?.type !== 'bulk') continue;
    for (const entry of itemsOf(list)) {
      const [id, fields] = itemsOf(entry);
      if (id?.type !== 'bulk') continue;
      entries.push({ key: key.bytes, id: id.bytes.toString('latin1'), draft: { label: labelOfValue(key), origin: labelOfValue(id), ...fieldsText(fields) } });
    }
  }
  return entries;
}

/** Fields as an object of JSON, in their order; it need not be one that a parser takes as it is, since a field may come twice. */
function fieldsText(fields: RespValue | undefined): Pick<LiveDraft, 'text' | 'bytes' | 'cut'> {
  const items = itemsOf(fields);
  let bytes = 0;
  // What did not fit is left out of an entry altogether.
  let cut = fields === undefined || (fields.type === 'array' && fields.omitted > 0);
  const texts = items.map((item) => {
    const value = textOfValue(item);
    bytes += value.bytes;
    cut ||= value.cut;
    return JSON.stringify(value.text);
  });
  const pairs: string[] = [];
  for (let at = 0; at < texts.length; at += 2) pairs.push(`${texts[at]}: ${texts[at + 1] ?? 'null'}`);
  const text = `{${pairs.join(', ')}}`;
  return { text: shortened(text, MAX_TEXT), bytes, cut: cut || text.length > MAX_TEXT };
}

function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  return value?.type === 'array' ? value.items : [];
}

/** A key among the arguments, for answers that do not name theirs (BLMOVE, BRPOPLPUSH). */
export function keyOf(args: readonly Buffer[]): string {
  return shortened(textOfBytes(args[1] ?? Buffer.alloc(0)), MAX_LABEL);
}
