/** One character's test; undefined stands for any run of characters. */
export type WildcardElement = ((char: string) => boolean) | undefined;

/** Takes |name| × |elements| steps at most: a regular expression could be made to take for ever. */
export function matchElements(name: string, elements: readonly WildcardElement[]): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    const element = elements[want];
    if (want < elements.length && element === undefined) {
      star = want++;
      retry = at;
    } else if (element?.(name[at]!)) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (want < elements.length && elements[want] === undefined) want++;
  return want === elements.length;
}
