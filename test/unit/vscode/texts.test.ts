import assert from 'node:assert/strict';
import fc from 'fast-check';
import { plainText } from '../../../src/vscode/localizer';
import { escapeMarkdown, labelText, messageText, tooltipMarkdown, withoutIcons } from '../../../src/vscode/safeText';
import { statusText } from '../../../src/vscode/statusText';
import { parsePem } from '../../../src/model/caFile';
import { bytesText, engineText, healthText, joined, latencyText, routeLabel, tunnelMood } from '../../../src/vscode/wording';
import { tunnel } from './samples';

describe('text from outside', () => {
  it('cannot make a link in a notification', () => {
    assert.equal(messageText('[ok](command:evil)'), '[ok] (command:evil)');
    fc.assert(fc.property(fc.string(), (text) => !messageText(text).includes('](')));
  });

  it('cannot make an icon in a quick pick or the status bar', () => {
    assert.equal(withoutIcons('$(error) prod'), String.raw`\$(error) prod`);
    fc.assert(fc.property(fc.string(), (text) => !/(?<!\\)\$\(/.test(withoutIcons(text))));
  });

  it('cannot mean anything in Markdown', () => {
    const hostile = '**b** [x](command:y) <img src=x> `c` $(bug)\n# h | ~~s~~ https://a.example';
    const escaped = escapeMarkdown(hostile);
    assert.ok(!/(?<!\\)[*[\]()<>`#|~$:.]/.test(escaped), escaped);
    assert.ok(!escaped.includes('\n'));
    // Nothing is lost: without the escapes it is the text again.
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', '*', '\\', '[', '`', '<', ' ', '.') }), (text) => {
      assert.equal(escapeMarkdown(text).replaceAll(/\\([!-/:-@[-`{-~])/g, '$1'), text.trim());
    }));
  });

  it('is one line without marks that reorder it, and bounded', () => {
    assert.equal(labelText('a\r\nb\u202Ec\u0007'), 'a b c');
    assert.equal(labelText('x'.repeat(1000)).length, 300);
    // Cut before a pair, never through it.
    assert.ok(!/[\uD800-\uDBFF]…$/.test(labelText(`${'x'.repeat(298)}${'😀'.repeat(10)}`)));
  });

  it('makes a tooltip of the rows that have a value', () => {
    assert.equal(tooltipMarkdown('a*', [['VPC', undefined], ['Agent', '3.3'], ['', 'plain']]), '**a\\***  \nAgent: 3\\.3  \nplain');
  });
});

describe('wording', () => {
  it('gives times and sizes with the digits that matter', () => {
    assert.deepEqual([0.04, 2.14, 9.96, 12.4, 999.6, 1500].map(latencyText), ['0.0 ms', '2.1 ms', '10 ms', '12 ms', '1.0 s', '1.5 s']);
    assert.deepEqual([0, 812, 1200, 9990, 64_000_000, 999_900, 2.5e12].map(bytesText), ['0 B', '812 B', '1.2 kB', '10 kB', '64 MB', '1.0 MB', '2.5 TB']);
  });

  it('names engines as their makers do', () => {
    assert.equal(engineText({ engine: 'redis', engineVersion: '7.1' }), 'Redis 7.1');
    assert.equal(engineText({ engine: 'valkey' }), 'Valkey');
    assert.equal(engineText({ engine: 'other', engineVersion: '1' }), 'other 1');
    assert.equal(engineText({ engine: '' }), '');
    const known: Readonly<Record<string, string>> = {
      postgres: 'PostgreSQL',
      mysql: 'MySQL',
      mariadb: 'MariaDB',
      'aurora-postgresql': 'Aurora PostgreSQL',
      'aurora-mysql': 'Aurora MySQL',
      docdb: 'DocumentDB',
      neptune: 'Neptune',
      'oracle-se2-cdb': 'Oracle',
      'custom-oracle-ee': 'Oracle',
      'sqlserver-ex': 'SQL Server',
      sqlserver: 'SQL Server',
      'db2-se': 'Db2',
    };
    for (const [engine, name] of Object.entries(known)) assert.equal(engineText({ engine }), name);
  });

  it('calls a tunnel by its target and endpoint', () => {
    const { route } = tunnel();
    assert.equal(routeLabel(route, plainText), 'orders-cache primary');
    const { role: _, ...unnamed } = route;
    assert.equal(routeLabel(unnamed, plainText), 'orders-cache');
  });

  it('never calls a tunnel healthy that is not open or was not checked', () => {
    const health = { level: 'ok', latencyMs: 3, checkedAt: 1 } as const;
    assert.equal(tunnelMood({ state: { phase: 'connecting', attempt: 1 }, health }), 'connecting');
    assert.equal(tunnelMood({ state: { phase: 'open', streams: 0 }, health: { level: 'unknown', checkedAt: 0 } }), 'checking');
    assert.equal(healthText('down', { ...health, level: 'down' }, plainText), 'down');
    assert.equal(healthText('degraded', { ...health, level: 'degraded' }, plainText), 'degraded · 3.0 ms');
    assert.equal(joined(['a', undefined, '', 'b']), 'a · b');
  });
});

describe('the status bar text', () => {
  const degraded = tunnel({ id: 't2', health: { level: 'degraded', latencyMs: 80, checkedAt: 1 } });
  const down = tunnel({ id: 't3', health: { level: 'down', latencyMs: 9, checkedAt: 1, detail: 'No answer.' } });
  const cause = { code: 'link.lost', message: 'Lost.', retryable: true } as const;
  const waiting = tunnel({ id: 't4', state: { phase: 'waiting', attempt: 1, retryAt: 0, cause } });

  it('says that there are none', () => {
    const { text, background, spoken } = statusText([], plainText);
    assert.deepEqual([text, background, spoken], ['$(plug) 0 tunnels', undefined, 'Sallyport: no tunnels']);
  });

  it('shows the number and the slowest round trip', () => {
    const other = tunnel({ id: 't2', health: { level: 'ok', latencyMs: 12, checkedAt: 1 } });
    assert.equal(statusText([tunnel()], plainText).text, '$(check) 1 tunnel · 2.1 ms');
    assert.equal(statusText([tunnel(), other, other], plainText).text, '$(check) 3 tunnels · 12 ms');
  });

  it('shows the worst health as icon, colour and words', () => {
    const look = (...tunnels: Parameters<typeof statusText>[0]): unknown[] => {
      const { text, background, spoken } = statusText(tunnels, plainText);
      return [text, background, spoken];
    };
    assert.deepEqual(look(tunnel(), degraded), ['$(warning) 2 tunnels · 80 ms', 'warning', 'Sallyport: 2 tunnels, degraded, 80 ms']);
    assert.deepEqual(look(waiting), ['$(warning) 1 tunnel', 'warning', 'Sallyport: 1 tunnel, degraded']);
    assert.deepEqual(look(tunnel(), degraded, down), ['$(error) 3 tunnels · 80 ms', 'error', 'Sallyport: 3 tunnels, down, 80 ms']);
    assert.deepEqual(look(tunnel({ state: { phase: 'connecting', attempt: 1 } }))[0], '$(sync~spin) 1 tunnel');
  });
});

describe('the certificate file', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';
  const bytes = (text: string): (() => Promise<Uint8Array>) => () => Promise.resolve(new TextEncoder().encode(text));
  const path = process.platform === 'win32' ? String.raw`C:\ca.pem` : '/ca.pem';

  it('is read as it is', async () => {
    assert.equal(await parsePem(path, bytes(pem)), pem);
  });

  it('is refused with the reason and the setting to correct', async () => {
    const expected = (what: RegExp) => (error: Error & { code?: string; remedy?: { text: string } }) =>
      error.code === 'settings.caFile' && what.test(error.message) && error.remedy!.text.includes('sallyport.tls.caFile');
    await assert.rejects(parsePem('ca.pem', bytes(pem)), expected(/not an absolute path/));
    await assert.rejects(parsePem(path, bytes('-----BEGIN PRIVATE KEY-----')), expected(/no PEM certificate/));
    await assert.rejects(parsePem(path, () => Promise.reject(new Error('ENOENT'))), expected(/cannot be read/));
    await assert.rejects(parsePem(path, () => Promise.resolve(new Uint8Array(5e6))), expected(/too large/));
  });
});
