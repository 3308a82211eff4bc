import { strict as assert } from 'node:assert';
import { httpRequest, readHttpAnswer } from '../../../../src/wire/probes/http';
import { API_VERSIONS_REQUEST, readApiVersions } from '../../../../src/wire/probes/kafka';
import { readVersion } from '../../../../src/wire/probes/memcached';
import { HELLO, readHello } from '../../../../src/wire/probes/mongo';
import { readGreeting } from '../../../../src/wire/probes/mysql';
import { readTnsAnswer, TNS_PING } from '../../../../src/wire/probes/oracle';
import { readSslAnswer, SSL_REQUEST } from '../../../../src/wire/probes/postgres';
import { serverText, type Reading } from '../../../../src/wire/probes/reading';
import { readPong } from '../../../../src/wire/probes/redis';
import { PRELOGIN, readPrelogin } from '../../../../src/wire/probes/sqlServer';
import { ANSWERS } from '../../../fixtures/probeAnswers';

/** Every piece of the answer but the whole must say that more is needed, and the whole what is expected. */
function readsAtEveryLength(read: (bytes: Buffer) => unknown, answer: Buffer, expected: unknown): void {
  for (let length = 0; length < answer.length; length++) {
    assert.equal(read(answer.subarray(0, length)), undefined, `after ${length} of ${answer.length} bytes`);
  }
  assert.deepEqual(read(answer), expected);
}

const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  Redis: readPong,
  PostgreSQL: readSslAnswer,
  MySQL: readGreeting,
  memcached: readVersion,
  MongoDB: readHello,
  'SQL Server': readPrelogin,
  Oracle: readTnsAnswer,
  Kafka: readApiVersions,
  HTTP: readHttpAnswer,
};

describe('the codecs of probes', () => {
  for (const [name, read] of Object.entries(readers)) {
    const expected: unknown = name === 'PostgreSQL' ? { kind: 'plain' } : {};

    it(`take ${name}'s answer for one when it is complete, however it was cut`, () => {
      readsAtEveryLength(read, ANSWERS[name]!, expected);
    });

    it(`take no other protocol's answer for ${name}'s`, () => {
      for (const [other, answer] of Object.entries(ANSWERS)) {
        if (other === name) continue;
        const reading = read(answer);
        assert.ok(reading === undefined || isForeign(reading), `${name} read ${other} as ${JSON.stringify(reading)}`);
      }
    });

    it(`read random bytes as ${name}'s answer next to never, and never throw`, () => {
      let accepted = 0;
      let state = 0x2545f491;
      for (let round = 0; round < 20_000; round++) {
        const bytes = Buffer.alloc(1 + (round % 64));
        for (let at = 0; at < bytes.length; at++) {
          state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
          bytes[at] = state >>> 24;
        }
        const reading = read(bytes);
        if (reading !== undefined && !isForeign(reading)) accepted++;
      }
      // A single `S` or `N` is an answer of PostgreSQL's; of the rounds one in 64 has one byte.
      assert.ok(accepted <= (name === 'PostgreSQL' ? 20 : 2), String(accepted));
    });

    it(`survive ${name}'s answer with any byte of it changed`, () => {
      const answer = ANSWERS[name]!;
      for (let at = 0; at < answer.length; at++) {
        for (const value of [0x00, 0x7f, 0xff, answer[at]! ^ 1]) {
          const changed = Buffer.from(answer);
          changed[at] = value;
          read(changed);
        }
      }
    });
  }
});

function isForeign(reading: unknown): boolean {
  return reading === 'foreign' || (reading as { kind?: unknown }).kind === 'foreign';
}

describe('the requests of probes', () => {
  it('announce their own length', () => {
    assert.equal(SSL_REQUEST.readUInt32BE(0), SSL_REQUEST.length);
    assert.equal(HELLO.readUInt32LE(0), HELLO.length);
    assert.equal(HELLO.readUInt32LE(21), HELLO.length - 21);
    assert.equal(PRELOGIN.readUInt16BE(2), PRELOGIN.length);
    assert.equal(TNS_PING.readUInt16BE(0), TNS_PING.length);
    assert.equal(TNS_PING.subarray(TNS_PING.readUInt16BE(26)).length, TNS_PING.readUInt16BE(24));
    assert.equal(API_VERSIONS_REQUEST.readUInt32BE(0), API_VERSIONS_REQUEST.length - 4);
  });

  it('ask HTTP servers by their own name', () => {
    assert.match(httpRequest('GET', '/status', 'db.internal:8182').toString(), /^GET \/status HTTP\/1\.1\r\nHost: db\.internal:8182\r\n(?:.+\r\n)*\r\n$/);
  });
});

describe('a PostgreSQL answer', () => {
  const error = (...fields: string[]): Buffer => {
    const body = Buffer.from(`${fields.map((field) => `${field}\0`).join('')}\0`);
    const head = Buffer.from('E\0\0\0\0');
    head.writeUInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };

  it('is tls, plain, or an error in the words of the server', () => {
    assert.deepEqual(readSslAnswer(Buffer.from('S')), { kind: 'tls' });
    const refusal = error('SFATAL', 'C53300', 'Msorry, too many clients already');
    readsAtEveryLength(readSslAnswer, refusal, { kind: 'error', text: 'sorry, too many clients already' });
  });

  it('is foreign with anything behind it: a greeting such as "SSH-2.0", or bytes put before the handshake', () => {
    assert.deepEqual(readSslAnswer(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')), { kind: 'foreign' });
    assert.deepEqual(readSslAnswer(Buffer.from('NOTICE\r\n')), { kind: 'foreign' });
    assert.deepEqual(readSslAnswer(Buffer.from('ERROR\r\n')), { kind: 'foreign' });
  });

  it('is foreign when the error has no message, no end, or a length beyond any', () => {
    const endless = Buffer.from([0x45, 0, 0, 0, 8, 0x4d, 0x61, 0x61, 0x61]);
    const huge = Buffer.from([0x45, 0x7f, 0xff, 0xff, 0xff]);
    for (const bytes of [error('SFATAL'), endless, huge]) assert.deepEqual(readSslAnswer(bytes), { kind: 'foreign' });
  });
});

describe('a MySQL greeting', () => {
  const refusal = (code: number, text: string, sequence = 0): Buffer => {
    const packet = Buffer.concat([Buffer.from([0xff, code & 0xff, code >> 8]), Buffer.from(text)]);
    return Buffer.concat([Buffer.from([packet.length, 0, 0, sequence]), packet]);
  };

  it('may be a refusal, told in the words of the server with its number', () => {
    const blocked = "Host '10.0.0.5' is blocked because of many connection errors";
    readsAtEveryLength(readGreeting, refusal(1129, blocked), { trouble: `${blocked} (error 1129)` });
    assert.deepEqual(readGreeting(refusal(1040, '#08004Too many connections', 1)), { trouble: 'Too many connections (error 1040)' });
  });

  it('is foreign without a version, with a length beyond any, or in another order', () => {
    const greeting = ANSWERS['MySQL']!;
    const changed = (at: number, value: number): Reading => {
      const bytes = Buffer.from(greeting);
      bytes[at] = value;
      return readGreeting(bytes);
    };
    for (const [at, value] of [[1, 0xff], [3, 2], [4, 9], [5, 0]] as const) assert.equal(changed(at, value), 'foreign', `byte ${at}`);
    assert.equal(readGreeting(refusal(7, 'x')), 'foreign');
  });
});

describe('what else servers answer', () => {
  it('a memcached that wants a login first, or has no memory', () => {
    assert.deepEqual(readVersion(Buffer.from('CLIENT_ERROR unauthenticated\r\n')), {});
    assert.deepEqual(readVersion(Buffer.from('SERVER_ERROR out of memory\r\n')), { trouble: 'SERVER_ERROR out of memory' });
    assert.equal(readVersion(Buffer.from('ERROR\r\n')), 'foreign');
    assert.equal(readVersion(Buffer.from(`VERSION ${'9'.repeat(1000)}`)), 'foreign');
  });

  it('a MongoDB answer to somebody else, or without end, is foreign', () => {
    const answer = ANSWERS['MongoDB']!;
    const other = Buffer.from(answer);
    other.writeUInt32LE(1, 8);
    const endless = Buffer.from(answer);
    endless.writeUInt32LE(0x7fffffff, 0);
    assert.deepEqual([readHello(other), readHello(endless)], ['foreign', 'foreign']);
  });

  it('an HTTP refusal is an answer, a server error is trouble', () => {
    assert.deepEqual(readHttpAnswer(Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n')), {});
    assert.deepEqual(readHttpAnswer(Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n')), { trouble: 'HTTP 503' });
  });

  it('a Redis that loads is trouble, one that wants a login is not', () => {
    assert.deepEqual(readPong(Buffer.from('-NOAUTH Authentication required.\r\n')), {});
    assert.deepEqual(readPong(Buffer.from('-LOADING Redis is loading\r\n')), { trouble: 'LOADING Redis is loading' });
  });
});

describe('the text of a server', () => {
  it('is one line without control or direction characters, and bounded', () => {
    assert.equal(serverText(Buffer.from('a\r\n\u001b[31mb\u202ec')), 'a [31mb c');
    assert.equal(serverText(Buffer.alloc(100_000, 'x')).length, 200);
  });
});
