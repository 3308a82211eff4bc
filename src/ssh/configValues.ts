/** misc.c a2port: 1 to 65535, or a service name, of which only ssh's own is worth knowing. */
export function parsePort(text: string): number | undefined {
  if (text === 'ssh') return 22;
  if (!/^\+?\d{1,9}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** misc.c convtime: e.g. `90`, `1m30`, `2H`; in seconds, below 2³¹. */
export function parseTime(text: string): number | undefined {
  if (text === '' || !/^(?:\d+[smhdw])*(?:\d+)?$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) seconds += Number(digits) * UNIT_SECONDS[unit!.toLowerCase()]!;
  return seconds < 2 ** 31 ? seconds : undefined;
}
