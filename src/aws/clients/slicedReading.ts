import type { ClientSettings } from './settings';
import { xmlSlices } from './xmlSlices';
import type { XmlList } from './xmlSlices';

/** A list of an answer, and its name among the answer's members. */
export interface SlicedList extends XmlList {
  readonly member: string;
}

/** What reading takes is about 3 ms for so many bytes. */
const SLICE_BYTES = 24 * 1024;
/** What is shorter is read at once: answers that somebody waits for are. */
const SHORT_BYTES = 4 * 1024;

type Output = Record<string, unknown>;

/** The part of the SDK's protocols that reads answers. Its outcome is awaited, though it gives none to wait for by itself. */
interface Reader {
  read(schema: unknown, bytes: Uint8Array, key?: string): unknown;
}

/** The SDK's mark for a document without a schema, as which errors are read. */
const DOCUMENT = 15;

/**
 * Makes a client of the SDK read long answers in turns of the event loop, and long lists in several: it reads a page of a
 * thousand instances at a stretch else, which takes a quarter of a second. The SDK's own code reads each slice.
 * A client that is built in another way than we know stays as it is; a test would tell.
 */
export function readInSlices(
  { config }: { readonly config: object },
  { turn }: Pick<ClientSettings, 'turn'>,
  lists: readonly SlicedList[] = [],
): void {
  const { deserializer } = ((config as { readonly protocol?: unknown }).protocol ?? {}) as { readonly deserializer?: Reader };
  if (!turn || typeof deserializer?.read !== 'function') return;
  const read = deserializer.read.bind(deserializer);
  deserializer.read = (schema, bytes, key) => {
    if (schema === DOCUMENT || bytes.length <= SHORT_BYTES) return read(schema, bytes, key);
    return inTurns(bytes, lists, turn, (slice) => read(schema, slice, key));
  };
}

async function inTurns(
  bytes: Uint8Array,
  lists: readonly SlicedList[],
  turn: () => Promise<void>,
  read: (slice: Uint8Array) => unknown,
): Promise<unknown> {
  await turn();
  const answer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first = answer, ...rest] = xmlSlices(answer, lists, SLICE_BYTES);
  const whole = read(first);
  for (const slice of rest) {
    await turn();
    append(whole as Output, read(slice) as Output, lists);
  }
  return whole;
}

function append(whole: Output, more: Output, lists: readonly SlicedList[]): void {
  for (const { member } of lists) {
    const [known, further] = [whole[member], more[member]];
    if (Array.isArray(known) && Array.isArray(further)) known.push(...(further as unknown[]));
  }
}
