import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import { SystemSshTransport } from '../../src/transport/sshSystem/systemSshTransport';
import { sshSuite } from './sshSuite';
import { COMPANION } from './sshSystemRig';

sshSuite({
  name: "the system's ssh",
  transport: ({ configFile, home, env, ask }) =>
    new SystemSshTransport({
      clock: systemClock,
      logger: nullLogger,
      settings: () => ({ client: 'system', configFile, programPath: '' }),
      ask,
      companion: COMPANION,
      env,
      temporary: home,
    }),
  shares: false,
});
