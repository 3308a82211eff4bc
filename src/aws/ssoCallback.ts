import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cancelled, Fault } from '../base/fault';

const PATH = '/oauth/callback';
const MAX_CODE_CHARS = 4096;

/** Where IAM Identity Center sends the browser back to, as it is registered: the port is not compared (RFC 8252, 7.3). */
export const REGISTERED_REDIRECT = `http://127.0.0.1${PATH}`;

/** Waits on 127.0.0.1 for the browser to come back from a sign-in. */
export interface SsoCallback {
  /** As it stands in the request for authorisation: with the port. */
  readonly redirectUri: string;
  /** The authorisation code; a secret. @throws Fault `aws.signInDenied`, or `operation.cancelled` once it is disposed */
  readonly code: Promise<string>;
  /** Frees the port. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * Takes the one request that carries the state; others are refused and change nothing, since any page and any program of this
 * machine can make one.
 */
export async function awaitSsoCallback(state: string): Promise<SsoCallback> {
  let resolve: (code: string) => void = () => {};
  let reject: (fault: Fault) => void = () => {};
  const code = new Promise<string>((...settle) => ([resolve, reject] = settle));
  // Whoever disposes it unread is not interested.
  code.catch(() => {});
  let host = '';
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
    const query = request.headers.host === host ? returned(request, state) : undefined;
    if (!query) {
      answer(response, 404, 'There is nothing here.');
      return;
    }
    const given = query.get('code') ?? '';
    const denied = query.get('error');
    if (denied === null && given !== '' && given.length <= MAX_CODE_CHARS) {
      answer(response, 200, 'You are signed in. You can close this page and return to your editor.');
      resolve(given);
    } else {
      answer(response, 200, 'The sign-in was refused. You can close this page and return to your editor.');
      reject(deniedFault());
    }
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', listening);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    reject(cancelled());
    const closed = new Promise<void>((done) => server.close(() => done()));
    // The answer has been handed to the system by now, and says that the connection is to be closed.
    server.closeAllConnections();
    await closed;
  };
  return { redirectUri: `http://${host}${PATH}`, code, dispose: () => (closing ??= close()) };
}

export function deniedFault(): Fault {
  return new Fault('aws.signInDenied', 'IAM Identity Center refused the sign-in.', {
    remedy: { text: 'Sign in again and allow the access that the page asks for.', action: 'retry' },
  });
}

/** The query of a request that comes from our sign-in. */
function returned({ method, url = '' }: IncomingMessage, state: string): URLSearchParams | undefined {
  if (method !== 'GET' || !URL.canParse(url, 'http://127.0.0.1')) return undefined;
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  const given = Buffer.from(searchParams.get('state') ?? '');
  const wanted = Buffer.from(state);
  return pathname === PATH && given.length === wanted.length && timingSafeEqual(given, wanted) ? searchParams : undefined;
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  };
  response.writeHead(status, headers).end(`<!doctype html><title>Sallyport</title><p>${sentence}</p>\n`);
}
