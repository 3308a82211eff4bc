import { builtinClient } from './sshClients';
import { sshLoginSuite } from './sshLoginSuite';
import { sshSuite } from './sshSuite';
import { sshWaysSuite } from './sshWaysSuite';

sshSuite(builtinClient());
sshLoginSuite(builtinClient());
sshWaysSuite(builtinClient());
