// What comes from another process is looked at before it is believed. Properties that are not named here are left alone: a
// window and a broker of different versions may differ in what they can do without.

/** Whether a value that came as JSON is a T. */
export type Check<T> = (value: unknown) => value is T;

type Required<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];
/** A check for each property; those that may be absent may go unchecked. */
export type Checks<T> = { readonly [K in Required<T>]: Check<T[K]> } & { readonly [K in Exclude<keyof T, Required<T>>]?: Check<Exclude<T[K], undefined> | undefined> };

const MAX_TEXT = 1024 * 1024;
const MAX_ROWS = 100_000;

export const text: Check<string> = (value): value is string => typeof value === 'string' && value.length <= MAX_TEXT;
export const finite: Check<number> = (value): value is number => typeof value === 'number' && Number.isFinite(value);
export const yesNo: Check<boolean> = (value): value is boolean => typeof value === 'boolean';
/** What a call without parameters takes, and one without a result gives: `null` stands for undefined in JSON. */
export const nothing: Check<null> = (value): value is null => value === null || value === undefined;

/** Of a property that no value of this shape has. */
export const absent: Check<undefined> = (value): value is undefined => value === undefined;

export function oneOf<T extends string>(...values: readonly T[]): Check<T> {
  return (value): value is T => (values as readonly unknown[]).includes(value);
}

export function integer(least: number, most: number): Check<number> {
  return (value): value is number => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

export function list<T>(each: Check<T>, most = MAX_ROWS): Check<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.length <= most && value.every((item) => each(item));
}

export function record<T>(each: Check<T>, most = MAX_ROWS): Check<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> => {
    if (!isObject(value)) return false;
    const items = Object.values(value);
    return items.length <= most && items.every((item) => each(item));
  };
}

export function orNothing<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || value === undefined || check(value);
}

export function either<A, B>(one: Check<A>, other: Check<B>): Check<A | B> {
  return (value): value is A | B => one(value) || other(value);
}

/** Of a property that may be absent. */
export function maybe<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

/** An object with at least these properties. */
export function shape<T extends object>(checks: Checks<T>): Check<T> {
  const all = Object.entries(checks) as [string, Check<unknown>][];
  return (value): value is T => isObject(value) && all.every(([key, check]) => check(value[key]));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
