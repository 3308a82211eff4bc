/** How tunnels through Session Manager are made: the person's choices (settings `sallyport.ssm.*`). */
export interface SsmSettings {
  /** Who speaks Session Manager: we, or the installed session-manager-plugin. */
  readonly client: 'native' | 'plugin';
  /** Absolute path of session-manager-plugin; empty: it is looked for. */
  readonly pluginPath: string;
  /** Session document; empty: the one of AWS that can reach the endpoint. */
  readonly document: string;
  /** Bytes of payload per message, 1024 to 65536. AWS's own programs send 1024; the service's limit is not documented. */
  readonly payloadBytes: number;
  /** Most bytes per second that a session sends, counted as payload; 0: no limit. */
  readonly paceBytesPerSecond: number;
  /** Most sessions under one tunnel, 1 to 16. */
  readonly maxSessions: number;
  /** Whether an idle session is kept from the service's idle time-out. */
  readonly keepAlive: boolean;
  /** The account's maximum session duration, ms; sessions are renewed ahead of it. 0: not known. */
  readonly maxSessionMs: number;
}

export const DEFAULT_SSM_SETTINGS: SsmSettings = {
  client: 'native',
  pluginPath: '',
  document: '',
  payloadBytes: 1024,
  paceBytesPerSecond: 0,
  maxSessions: 4,
  keepAlive: true,
  maxSessionMs: 0,
};

/** Lowest and highest value of each number; what lies outside is brought inside. */
export const SSM_SETTING_RANGES = {
  payloadBytes: [1024, 65_536],
  paceBytesPerSecond: [0, 1_000_000_000],
  maxSessions: [1, 16],
  maxSessionMs: [0, 24 * 60 * 60_000],
} as const satisfies Partial<Record<keyof SsmSettings, readonly [number, number]>>;

/** The settings with every number in its range; one that is no number, and every absent value, is the default. */
export function ssmSettings(given: Partial<SsmSettings> = {}): SsmSettings {
  const whole = { ...DEFAULT_SSM_SETTINGS, ...given };
  const inRange = (name: keyof typeof SSM_SETTING_RANGES): number => {
    const [low, high] = SSM_SETTING_RANGES[name];
    const value = Number.isFinite(whole[name]) ? whole[name] : DEFAULT_SSM_SETTINGS[name];
    return Math.min(high, Math.max(low, Math.round(value)));
  };
  return {
    ...whole,
    payloadBytes: inRange('payloadBytes'),
    paceBytesPerSecond: inRange('paceBytesPerSecond'),
    maxSessions: inRange('maxSessions'),
    maxSessionMs: inRange('maxSessionMs'),
  };
}
