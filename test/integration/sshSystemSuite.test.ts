import { systemClient } from './sshClients';
import { sshLoginSuite } from './sshLoginSuite';
import { sshSuite } from './sshSuite';
import { sshWaysSuite } from './sshWaysSuite';

sshSuite(systemClient());
sshLoginSuite(systemClient());
sshWaysSuite(systemClient());
