import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../base/fault';
import { hashName, knownName } from './knownHostNames';
import type { KnownHostName } from './knownHostNames';
import type { PublicKey } from './publicKey';
import { errorCode } from './textFile';

/** What a person has accepted. */
export interface KnownHostEntry {
  /** As for `check`; an address is written beside the name. */
  readonly name: KnownHostName;
  readonly key: PublicKey;
  /** HashKnownHosts. */
  readonly hashed: boolean;
}

/** As long as a SHA-1 digest (hostfile.c). */
const SALT_BYTES = 20;

/**
 * Adds an entry to a known_hosts file, which is created (0600, its folder 0700) if need be. All that is written is written at
 * once at the end of the file, so that several writers never mix their lines.
 * @throws Fault `ssh.knownHosts.unwritable`
 */
export async function appendKnownHost(file: string, entry: KnownHostEntry): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    handle = await open(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    const ending = await lineEnding(handle);
    const text = entryLines(entry).map((line) => line + ending.use);
    const bytes = Buffer.from((ending.missing ? ending.use : '') + text.join(''));
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten !== bytes.length) throw new Error('the disk is full');
  } catch (error) {
    const why = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new Fault('ssh.knownHosts.unwritable', `The host key cannot be remembered in ${file} (${why}).`, {
      remedy: { text: 'Check that the file and its folder are yours to write; the key will be asked for again.' },
      cause: error,
    });
  } finally {
    await handle?.close();
  }
}

/** One line, or one for each name when they are hashed: a hash stands for a single name. */
function entryLines({ name, key, hashed }: KnownHostEntry): string[] {
  const names = [knownName(name.host, name.port)];
  const address = name.address === undefined ? undefined : knownName(name.address, name.port);
  if (address !== undefined && address !== names[0]) names.push(address);
  const written = hashed ? names.map((one) => hashName(one, randomBytes(SALT_BYTES))) : [names.join(',')];
  return written.map((hosts) => `${hosts} ${key.type} ${key.blob.toString('base64')}`);
}

/** How the file's last line ends, and whether it ends at all. */
async function lineEnding(handle: FileHandle): Promise<{ readonly use: '\n' | '\r\n'; readonly missing: boolean }> {
  const { size } = await handle.stat();
  if (size === 0) return { use: '\n', missing: false };
  const length = Math.min(size, 4096);
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  const end = buffer.toString('latin1');
  return { use: end.includes('\r\n') ? '\r\n' : '\n', missing: !end.endsWith('\n') };
}
