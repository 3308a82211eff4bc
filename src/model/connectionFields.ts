import { addressBytes } from '../base/address';
import { isEndpoint } from './endpoint';
import type { BastionTag } from './ranking';

/** An entry that cannot be used. `place` is the key, e.g. `target.port`; empty for the entry itself. */
export class BadEntry extends Error {
  readonly place: string;
  readonly why: string;

  constructor(place: string, why: string) {
    super(`${place} ${why}`);
    this.place = place;
    this.why = why;
  }
}

interface TextRule {
  /** Characters. */
  readonly max?: number;
  readonly fits?: (text: string) => boolean;
  /** What is wrong with a text that does not fit. */
  readonly else?: string;
}

/** Whether the value is an object of JSON. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The keys of one object of a settings file; each is checked when it is taken, and those that nobody took are refused. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #taken = new Set<string>();

  /** @param place of the object itself; empty for an entry */
  constructor(value: unknown, place = '') {
    if (!isFields(value)) throw new BadEntry(place, 'is not an object');
    this.#values = value;
    this.#prefix = place === '' ? '' : `${place}.`;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(key: string): boolean {
    this.#taken.add(key);
    return Object.hasOwn(this.#values, key);
  }

  required(key: string): unknown {
    if (!this.has(key)) throw this.#bad(key, 'is missing');
    return this.#values[key];
  }

  /** The key with what `take` makes of it, or nothing where it is absent. */
  optional<K extends string, T>(key: K, take: () => T): { readonly [P in K]?: T } {
    return this.has(key) ? ({ [key]: take() } as { readonly [P in K]?: T }) : {};
  }

  text(key: string, { max = 200, fits = () => true, else: wrong = 'is not allowed' }: TextRule = {}): string {
    const value = this.required(key);
    if (typeof value !== 'string' || value.trim() === '') throw this.#bad(key, 'is not a text');
    const text = value.trim();
    if (text.length > max) throw this.#bad(key, `is longer than ${max} characters`);
    if (/\p{Cc}/u.test(text)) throw this.#bad(key, 'has characters that cannot be shown');
    if (!fits(text)) throw this.#bad(key, wrong);
    return text;
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.required(key);
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw this.#bad(key, `is none of ${allowed.join(', ')}`);
    return found;
  }

  flag(key: string): boolean {
    const value = this.required(key);
    if (typeof value !== 'boolean') throw this.#bad(key, 'is neither true nor false');
    return value;
  }

  port(key: string): number {
    const value = this.required(key);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65535) throw this.#bad(key, 'is not a port from 1 to 65535');
    return value;
  }

  host(key: string): string {
    return this.text(key, { max: 253, fits: (host) => isEndpoint({ host, port: 1 }), else: 'is not the name or the address of a host' });
  }

  address(key: string): string {
    // In brackets it could not be bound.
    const fits = (text: string): boolean => !text.startsWith('[') && addressBytes(text) !== undefined;
    return this.text(key, { max: 60, fits, else: 'is not a literal IP address' });
  }

  /** `KEY=VALUE`, or `KEY` for any value. */
  tag(key: string): BastionTag {
    const text = this.text(key, { max: 400 });
    const at = text.indexOf('=');
    const name = (at < 0 ? text : text.slice(0, at)).trim();
    if (name === '') throw this.#bad(key, 'is not KEY=VALUE');
    return at < 0 ? { key: name } : { key: name, value: text.slice(at + 1).trim() };
  }

  /** @throws BadEntry for a key that nobody has asked for: it may be misspelled, and then something else would be done than was meant. */
  refuseOthers(): void {
    const other = this.keys.find((key) => !this.#taken.has(key));
    if (other === undefined) return;
    const meant = [...this.#taken].find((key) => key.toLowerCase() === other.toLowerCase());
    throw this.#bad(other, meant === undefined ? 'is not a key that is known here' : `is not a key that is known here; "${meant}" is`);
  }

  #bad(key: string, why: string): BadEntry {
    return new BadEntry(`${this.#prefix}${key.slice(0, 60)}`, why);
  }
}
