/** Whether two values of plain data, as JSON could carry them, say the same. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => sameData(item, b[index]));
  }
  const [left, right] = [a, b] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];
  // A member that is undefined is none: JSON has no such thing.
  const isSet = (of: Readonly<Record<string, unknown>>) => (key: string) => of[key] !== undefined;
  const keys = Object.keys(left).filter(isSet(left));
  return keys.length === Object.keys(right).filter(isSet(right)).length && keys.every((key) => sameData(left[key], right[key]));
}
