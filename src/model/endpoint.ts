/** A host (name or literal address) and a TCP port, 1 to 65535. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 address in brackets. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

// Host names (RFC 1123, plus the underscore that private zones use) and literal addresses; nothing that a shell or an option parser would read.
const HOST = /^(?!-)[A-Za-z0-9._:-]{1,253}$/;

/** Whether the value can be dialled: a plain host without blanks, options or control characters, and a port in range. */
export function isEndpoint({ host, port }: Endpoint): boolean {
  return HOST.test(host) && Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** Whether the host means the very machine that dials it: `localhost` and its sub-names, 127.0.0.0/8, `::1`. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){1,3}$/.test(name);
}
