// Dials and waits to be killed.
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import { localSources } from '../../src/ssh/localSources';
import { SystemSshTransport } from '../../src/transport/sshSystem/systemSshTransport';

const [configFile = '', companion = '', temporary = ''] = process.argv.slice(2);
const transport = new SystemSshTransport({
  clock: systemClock,
  logger: nullLogger,
  settings: () => ({ client: 'system', configFile, programPath: '' }),
  ask: () => Promise.resolve(undefined),
  sources: () => localSources({ configFile, workspaceFolders: [] }),
  companion,
  temporary,
});
const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
void transport
  .dial(
    {
      target: { id: 't', name: 'orders', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: { host: '127.0.0.1', port: 9 },
      bastion: { id: 'bastion', name: 'bastion' },
      method: 'ssh',
      ssh: { host: 'bastion', via: 'direct', instanceConnect: false },
      place,
    },
    new AbortController().signal,
  )
  .then(() => {
    process.stdout.write('dialed\n');
    setInterval(() => {}, 1000);
  });
