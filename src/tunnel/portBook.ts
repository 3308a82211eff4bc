/** Which local port a destination has. */
export interface PortEntry {
  readonly destination: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Each destination once, the one that was used last at the end. */
export type PortBook = readonly PortEntry[];

/** The destination that was not used for longest is forgotten beyond this. */
export const MAX_ENTRIES = 1000;

const VERSION = 1;
/** Of a whole file, characters: a thousand entries need a fifth of it. */
const MAX_TEXT = 1_000_000;
const MAX_DESTINATION = 1000;

export function portOf(book: PortBook, destination: string): number | undefined {
  return book.find((entry) => entry.destination === destination)?.port;
}

/** Whether another destination counts on this port. */
export function isPromised(book: PortBook, port: number, destination: string): boolean {
  return book.some((entry) => entry.port === port && entry.destination !== destination);
}

/** The book after the destination has been given the port, or has used it again. */
export function withPort(book: PortBook, entry: PortEntry): PortBook {
  return [...book.filter(({ destination }) => destination !== entry.destination), entry].slice(-MAX_ENTRIES);
}

/** Both books, `later` being right where they differ. */
export function withPorts(book: PortBook, later: PortBook): PortBook {
  return later.reduce(withPort, book);
}

export function formatBook(book: PortBook): string {
  const lines = book.map(({ destination, port }) => `    ${JSON.stringify([destination, port])}`);
  return `{\n  "version": ${VERSION},\n  "ports": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** `newer`: written by a version of this program that knows more than we do. Entries that make no sense are left out. */
export function parseBook(text: string): PortBook | 'corrupt' | 'newer' {
  if (text.length > MAX_TEXT) return 'corrupt';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'corrupt';
  }
  if (typeof value !== 'object' || value === null) return 'corrupt';
  const { version, ports } = value as { readonly version?: unknown; readonly ports?: unknown };
  if (typeof version === 'number' && version > VERSION) return 'newer';
  if (version !== VERSION || !Array.isArray(ports)) return 'corrupt';
  const entries = ports.flatMap((one: unknown) => parseEntry(one) ?? []);
  return withPorts([], entries);
}

function parseEntry(value: unknown): PortEntry | undefined {
  if (!Array.isArray(value)) return undefined;
  const [destination, port] = value as readonly unknown[];
  if (typeof destination !== 'string' || destination.length > MAX_DESTINATION) return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  return { destination, port };
}
