import { strict as assert } from 'node:assert';
import type { EndpointRole, TargetKind, TargetNote } from '../../../src/model/target';
import { plainText as l10n } from '../../../src/vscode/localizer';
import { authBadge, authText, endpointText, engineText, kindText, noteText, roleText } from '../../../src/vscode/wording';

describe('the words for analytics, search and messages', () => {
  it('tell kinds, roles and engines apart', () => {
    const kinds: TargetKind[] = ['redshift.cluster', 'redshift.workgroup', 'opensearch.domain', 'mq.broker', 'msk.cluster', 'custom'];
    assert.equal(new Set(kinds.map((kind) => kindText(kind, l10n))).size, kinds.length);
    const roles: EndpointRole[] = ['endpoint', 'broker', 'console'];
    assert.deepEqual(roles.map((role) => roleText(role, l10n)), ['endpoint', 'broker', 'web console']);
    assert.equal(endpointText({ role: 'broker', name: 'b-1 SASL/IAM' }, l10n), 'broker b-1 SASL/IAM');
    const engines = ['redshift', 'opensearch', 'elasticsearch', 'activemq', 'rabbitmq', 'kafka'];
    assert.deepEqual(engines.map((engine) => engineText({ engine })), ['Redshift', 'OpenSearch', 'Elasticsearch', 'ActiveMQ', 'RabbitMQ', 'Kafka']);
  });

  it('say how one logs in with a certificate', () => {
    assert.deepEqual([authBadge('certificate', l10n), authText('certificate', l10n)], ['mTLS', "the client's certificate"]);
  });

  it('warn of what a tunnel alone does not do', () => {
    const notes: TargetNote[] = ['otherBrokersAreTold', 'oneOfTwoAnswers'];
    for (const note of notes) assert.match(noteText(note, l10n), /^[A-Z].*\.$/);
  });
});
