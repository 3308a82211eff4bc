import { Fault, isFault } from '../base/fault';

/** More than any bundle of root certificates has, bytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of POSIX, of a drive and of a share: what is none of this machine's kind cannot be read anyway. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;

/** The file's text when it holds certificates. @throws Fault `settings.caFile` that says what is wrong with it. */
export async function parsePem(path: string, read: (path: string) => PromiseLike<Uint8Array>): Promise<string> {
  if (!ABSOLUTE.test(path)) throw caFault(path, 'is not an absolute path');
  try {
    const bytes = await read(path);
    if (bytes.byteLength > MAX_BYTES) throw caFault(path, 'is too large for a certificate file');
    const text = new TextDecoder().decode(bytes);
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw caFault(path, 'holds no PEM certificate');
    return text;
  } catch (error) {
    throw isFault(error) ? error : caFault(path, 'cannot be read', error);
  }
}

function caFault(path: string, what: string, cause?: unknown): Fault {
  return new Fault('settings.caFile', `The certificate file "${path}" ${what}.`, {
    remedy: { text: 'Correct the setting sallyport.tls.caFile, then try again.', action: 'retry' },
    ...(cause !== undefined && { cause }),
  });
}
