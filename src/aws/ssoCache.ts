import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from '../base/clock';
import type { Clock } from '../base/clock';

/** A token of IAM Identity Center. Secrets: never logged. */
export interface SsoToken {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it takes to renew it without the person; absent where it cannot be. */
  readonly renewal?: SsoRenewal;
}

export interface SsoRenewal {
  readonly refreshToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Milliseconds since the epoch; absent in files of some tools. */
  readonly registrationExpiresAt?: number;
}

/** A token to be kept, with what the AWS CLI writes beside it. */
export interface NewSsoToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly refreshToken?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly registrationExpiresAt: number;
  readonly region: string;
  readonly startUrl: string;
}

/** The folder below the home directory where the AWS CLI and the SDKs keep tokens. */
export function ssoCacheFolder(home: string): string {
  return join(home, '.aws', 'sso', 'cache');
}

/** The AWS CLI's name for the file of a session's token. */
export function ssoTokenFile(home: string, key: string): string {
  return join(ssoCacheFolder(home), `${createHash('sha1').update(key).digest('hex')}.json`);
}

/** The token in a file as any of AWS's tools writes it; undefined when there is none that can be read. */
export async function readSsoToken(file: string): Promise<SsoToken | undefined> {
  const fields = await readFields(file);
  const accessToken = text(fields, 'accessToken');
  const expiresAt = time(fields, 'expiresAt');
  if (accessToken === undefined || expiresAt === undefined) return undefined;
  const [refreshToken, clientId, clientSecret] = ['refreshToken', 'clientId', 'clientSecret'].map((name) => text(fields, name));
  if (!refreshToken || !clientId || !clientSecret) return { accessToken, expiresAt };
  const registrationExpiresAt = time(fields, 'registrationExpiresAt');
  const renewal = { refreshToken, clientId, clientSecret, ...(registrationExpiresAt !== undefined && { registrationExpiresAt }) };
  return { accessToken, expiresAt, renewal };
}

/** Replaces the token of a file, for the owner's eyes only; fields of other tools stay. @throws Error of the file system */
export async function renewSsoToken(
  file: string,
  { accessToken, expiresAt, refreshToken }: Pick<NewSsoToken, 'accessToken' | 'expiresAt' | 'refreshToken'>,
  clock: Clock,
): Promise<void> {
  const known = await readFields(file);
  await writeFields(file, { ...known, accessToken, expiresAt: stamp(expiresAt), ...(refreshToken && { refreshToken }) }, clock);
}

/** Writes the token of a new sign-in over whatever was there. @throws Error of the file system */
export async function writeSsoToken(file: string, token: NewSsoToken, clock: Clock): Promise<void> {
  const { startUrl, region, accessToken, expiresAt, clientId, clientSecret, registrationExpiresAt, refreshToken } = token;
  const fields = {
    startUrl,
    region,
    accessToken,
    expiresAt: stamp(expiresAt),
    clientId,
    clientSecret,
    registrationExpiresAt: stamp(registrationExpiresAt),
    ...(refreshToken !== undefined && { refreshToken }),
  };
  await writeFields(file, fields, clock);
}

/** Windows refuses to replace a file that another program is just reading. */
const RENAMES = 5;
const RENAME_WAIT_MS = 50;

async function writeFields(file: string, fields: object, clock: Clock): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Whoever reads meanwhile sees the old token or the new one, and nobody else can read either.
  const draft = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    await writeFile(draft, JSON.stringify(fields), { mode: 0o600, flag: 'wx' });
    for (let attempt = 1; ; attempt++) {
      try {
        await rename(draft, file);
        return;
      } catch (error) {
        if (attempt === RENAMES || !['EPERM', 'EACCES', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        await sleep(clock, RENAME_WAIT_MS, NEVER);
      }
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

const NEVER = new AbortController().signal;

async function readFields(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Absent, unreadable or half written by another tool: for us there is no token then.
    return {};
  }
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function time(fields: Readonly<Record<string, unknown>>, name: string): number | undefined {
  // Version 1 of the AWS CLI ended its times in "UTC".
  const value = Date.parse(text(fields, name)?.replace(/UTC$/, 'Z') ?? '');
  return Number.isNaN(value) ? undefined : value;
}

/** `2026-01-02T03:04:05Z`: the AWS CLI's form, without fractions. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
