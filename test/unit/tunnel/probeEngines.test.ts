import { strict as assert } from 'node:assert';
import { probeInterval, talkFor } from '../../../src/tunnel/probe/engines';
import { talkMutualTls, talkPostgres, talkTcp, talkTls } from '../../../src/tunnel/probe/talks';

const talkOf = (engine: string, tls: 'required' | 'preferred' | 'off' = 'preferred'): unknown => talkFor({ engine, tls });

describe('the choice of a probe', () => {
  it('goes by the engine as AWS spells it, in any case', () => {
    for (const engine of ['postgres', 'aurora-postgresql', 'POSTGRESQL', 'redshift']) assert.equal(talkOf(engine), talkPostgres, engine);
    const families = [
      ['redis', 'valkey', 'Redis'],
      ['mysql', 'mariadb', 'aurora-mysql', 'MYSQL'],
      ['sqlserver-ex', 'sqlserver-web', 'sqlserver-se', 'sqlserver-ee', 'custom-sqlserver-ee', 'SQLSERVER'],
      ['oracle-se2', 'oracle-se2-cdb', 'oracle-ee', 'oracle-ee-cdb', 'custom-oracle-ee'],
      ['opensearch', 'elasticsearch', 'OpenSearch_2.11'],
    ];
    for (const [first, ...others] of families) {
      assert.notEqual(talkOf(first!), talkTcp, first);
      for (const other of others) assert.equal(talkOf(other), talkOf(first!), other);
    }
    for (const engine of ['memcached', 'docdb', 'neptune', 'kafka']) assert.notEqual(talkOf(engine), talkTcp, engine);
  });

  it('is TLS, else the connection, for what is not known', () => {
    for (const engine of ['ActiveMQ', 'RabbitMQ', 'db2-se', 'custom', '', 'redis-like', 'constructor']) {
      assert.equal(talkOf(engine, 'required'), talkTls, engine);
      assert.equal(talkOf(engine, 'off'), talkTcp, engine);
      assert.equal(talkOf(engine, 'preferred'), talkTcp, engine);
    }
  });

  it('ends with the handshake where a certificate is the login', () => {
    assert.equal(talkFor({ engine: 'kafka', tls: 'required', auth: 'certificate' }), talkMutualTls);
    assert.equal(talkFor({ engine: 'kafka', tls: 'off', auth: 'certificate' }), talkOf('kafka'));
    assert.equal(talkFor({ engine: 'kafka', tls: 'required', auth: 'iam' }), talkOf('kafka'));
  });

  it('spares servers that count connections without a login', () => {
    for (const engine of ['mysql', 'mariadb', 'aurora-mysql']) assert.equal(probeInterval({ engine }, 30_000), 1_800_000);
    assert.equal(probeInterval({ engine: 'postgres' }, 30_000), 30_000);
    assert.equal(probeInterval({ engine: 'mysql' }, 7_200_000), 7_200_000);
  });
});
