/** The pattern with its holes `{0}`, `{1}` filled. */
export function filled(pattern: string, values: readonly (string | undefined)[]): string {
  return pattern.replaceAll(/\{(\d)\}/g, (hole, index: string) => values[Number(index)] ?? hole);
}
