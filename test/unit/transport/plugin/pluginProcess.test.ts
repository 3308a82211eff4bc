import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { systemClock } from '../../../../src/base/clock';
import { nullLogger } from '../../../../src/base/log';
import { PluginProcess } from '../../../../src/transport/plugin/pluginProcess';
import { processGroup } from '../../../../src/transport/processGroup';

const SECRET = 'AAEAAb0123456789'.repeat(40);

describe('a program that is run', () => {
  const said: string[] = [];
  const run = (script: string, program = process.execPath, secrets = [SECRET, 'AAEAAb', '']): PluginProcess => {
    said.length = 0;
    return new PluginProcess({
      program,
      args: ['-e', script],
      env: { GIVEN: 'yes' },
      cwd: tmpdir(),
      group: processGroup(process.platform, process.env),
      clock: systemClock,
      logger: nullLogger,
      secrets,
      onLine: (line) => said.push(line),
    });
  };

  it('says what it says without secrets, on both outputs, and has no input', async () => {
    const script = `console.error('oh, ${SECRET}!'); process.stdin.on('end', () => console.log('no input')).resume()`;
    const child = run(script);
    assert.equal(await child.ended, undefined);
    assert.deepEqual(said.toSorted(), ['no input', 'oh, [redacted]!']);
    assert.equal(child.exited, true);
    assert.ok(said.includes(child.lastLine));
  });

  it('lets no part of a secret through where its line is cut', async () => {
    for (const before of [16_384 - 5, 16_384 - SECRET.length + 1, 900]) {
      const child = run(`console.log('x'.repeat(${before}) + '${SECRET}' + 'y'.repeat(20000))`, process.execPath, [SECRET]);
      await child.ended;
      assert.equal(said.length, 1);
      assert.ok(!said[0]!.includes('AAEAA') && said[0]!.length <= 1000, said[0]!.slice(-100));
    }
  });

  it('gets the environment that it is given and no other', async () => {
    await run('console.log(Object.keys(process.env).filter((name) => !name.startsWith("__CF")).join())').ended;
    assert.equal(said[0]!.split(',').includes('GIVEN'), true);
    assert.equal(said[0]!.split(',').includes('PATH'), false);
  });

  it('tells what kept it from starting', async () => {
    const child = run('', '/nowhere/session-manager-plugin');
    const error = await child.ended;
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
    await child.stop();
    await child.stop();
  });

  it('is stopped at once, and only once', async () => {
    const child = run('setInterval(() => {}, 1000)');
    await Promise.all([child.stop(), child.stop()]);
    assert.equal(child.exited, true);
    await child.stop();
  });
});
