/**
 * Whether the server itself keeps this script from writing: its first line says so (Redis 7, "Lua scripting": `#!lua
 * flags=no-writes`). The text alone proves nothing, since a name can be put together at run time.
 */
export function isReadOnlyScript(script: string): boolean {
  const [first = ''] = script.split('\n', 1);
  if (!first.startsWith('#!')) return false;
  const flags = /(?:^|\s)flags=(\S*)/.exec(first)?.[1]?.split(',') ?? [];
  return flags.includes('no-writes');
}
