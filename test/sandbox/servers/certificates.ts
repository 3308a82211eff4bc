// A certificate authority and server certificates that exist for one run; nothing of it is committed.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Signs certificates in a directory of its own; the files are the directory owner's to remove. */
export class CertificateAuthority {
  readonly #directory: string;
  readonly #keyFile: string;
  /** PEM; what clients are told to trust. */
  readonly caFile: string;
  #issued = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#keyFile = join(directory, 'ca.key');
    this.caFile = join(directory, 'ca.crt');
  }

  /** @throws Error naming openssl when it is missing or fails. */
  static async create(directory: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(directory);
    const config = join(directory, 'ca.cnf');
    // A file instead of -addext: LibreSSL, macOS's openssl, lacks that option in some versions.
    await writeFile(
      config,
      [
        '[req]',
        'distinguished_name = name',
        'x509_extensions = ca',
        'prompt = no',
        '[name]',
        'CN = Sallyport sandbox CA',
        '[ca]',
        'basicConstraints = critical, CA:TRUE',
        'keyUsage = critical, keyCertSign, cRLSign',
        'subjectKeyIdentifier = hash',
        '',
      ].join('\n'),
    );
    await authority.#newKey(authority.#keyFile);
    await openssl(['req', '-x509', '-new', '-key', authority.#keyFile, '-sha256', '-days', '3', '-config', config, '-out', authority.caFile]);
    return authority;
  }

  /** A server certificate for these DNS names (wildcards allowed) and IP addresses; the first DNS name is also its common name. */
  async issue(dnsNames: readonly [string, ...string[]], addresses: readonly string[] = []): Promise<Certificate> {
    const base = join(this.#directory, `server-${++this.#issued}`);
    const certFile = `${base}.crt`;
    const keyFile = `${base}.key`;
    const names = [...dnsNames.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
    await writeFile(
      `${base}.cnf`,
      [
        '[req]',
        'distinguished_name = name',
        'prompt = no',
        '[name]',
        // 64 characters at most; what counts are the alternative names.
        `CN = ${dnsNames[0].slice(0, 64)}`,
        '[server]',
        'basicConstraints = critical, CA:FALSE',
        'keyUsage = critical, digitalSignature',
        // Nodes of a Redis cluster are each other's clients.
        'extendedKeyUsage = serverAuth, clientAuth',
        `subjectAltName = ${names.join(', ')}`,
        '',
      ].join('\n'),
    );
    await this.#newKey(keyFile);
    await openssl(['req', '-new', '-key', keyFile, '-config', `${base}.cnf`, '-out', `${base}.csr`]);
    const issuer = ['-CA', this.caFile, '-CAkey', this.#keyFile, '-set_serial', String(1000 + this.#issued)];
    const extensions = ['-extfile', `${base}.cnf`, '-extensions', 'server'];
    await openssl(['x509', '-req', '-in', `${base}.csr`, ...issuer, ...extensions, '-sha256', '-days', '2', '-out', certFile]);
    return { certFile, keyFile };
  }

  async #newKey(file: string): Promise<void> {
    await openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file]);
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run('openssl', args, { timeout: 30_000 });
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: string };
    const why = code === 'ENOENT' ? 'it is not installed' : (stderr ?? '').trim().slice(-500);
    throw new Error(`openssl ${args[0]} failed: ${why}`, { cause: error });
  }
}
