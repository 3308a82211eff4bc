import { builtinClient } from './sshClients';
import { sshSuite } from './sshSuite';

sshSuite(builtinClient());
