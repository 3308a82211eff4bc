import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { groupOptions, startProcess } from '../../run/ownedProcess';
import { parseStat } from '../../run/stragglers';
import { eventually } from '../../fixtures/eventually';

const node = (script: string, holdStdin = false): ReturnType<typeof startProcess> =>
  startProcess(process.execPath, ['-e', script], { output: 'collect', holdStdin });

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that is dead but not yet waited for, by whoever inherited it, still takes signals.
    return process.platform !== 'linux' || parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')).state !== 'Z';
  } catch {
    return false;
  }
}

describe('an owned process', () => {
  it('tells its exit code and both outputs', async () => {
    const running = node('console.log("out"); console.error("err"); process.exitCode = 3');
    assert.deepEqual(await running.exited, { code: 3, signal: null });
    assert.equal(running.stdout(), 'out\n');
    assert.deepEqual(running.output().split('\n').toSorted(), ['', 'err', 'out']);
  });

  it('that cannot be started is no exception', async () => {
    const running = startProcess('/nowhere/program', [], { output: 'collect' });
    const { code, error } = await running.exited;
    assert.equal(code, null);
    assert.match(error?.message ?? '', /ENOENT/);
    await running.stop();
  });

  it('gets no input unless it is held', async () => {
    const script = 'process.stdin.on("end", () => console.log("end")).resume()';
    assert.equal((await node(script).exited).code, 0);
    const held = node(`${script}; console.log("ready")`, true);
    await eventually(() => held.stdout() !== '');
    assert.equal(held.status(), undefined);
    await held.stop();
  });

  it('is killed when it does not listen', async () => {
    const running = node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ready")');
    await eventually(() => running.stdout() !== '');
    await running.stop(50);
    assert.notEqual(running.status(), undefined);
  });

  it('takes with it what it started', async function () {
    // Process groups are POSIX's; Windows ends the process alone.
    if (process.platform === 'win32') this.skip();
    const running = node(
      'const c = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]); console.log(c.pid); setInterval(() => {}, 1000)',
    );
    await eventually(() => running.stdout().includes('\n'));
    const grandchild = Number(running.stdout());
    assert.ok(lives(grandchild));
    await running.stop();
    await eventually(() => !lives(grandchild));
  });

  it('leads a group of its own where there are groups', () => {
    assert.deepEqual(groupOptions('linux'), { detached: true });
    assert.deepEqual(groupOptions('darwin'), { detached: true });
    assert.deepEqual(groupOptions('win32'), { windowsHide: true });
  });
});
