import assert from 'node:assert/strict';
import { guardGroup, keepGroupLedger, processGroup, releaseGroup } from '../../../src/transport/processGroup';
import type { GroupTools } from '../../../src/transport/processGroup';

/** Tools that only note what they are asked to do. */
function tools(): GroupTools & { readonly done: unknown[] } {
  const done: unknown[] = [];
  return { done, kill: (pid, signal) => void done.push([pid, signal]), run: (program, args) => void done.push([program, ...args]) };
}

describe('ending a program with all that it has started', () => {
  it('signals its group where there are groups', () => {
    const noted = tools();
    const group = processGroup('darwin', {}, noted);
    assert.equal(group.detached, true);
    group.signal(1234, 'SIGTERM');
    group.signal(1234, 'SIGKILL');
    group.sweep(1234);
    assert.deepEqual(noted.done, [[-1234, 'SIGTERM'], [-1234, 'SIGKILL'], [-1234, 'SIGKILL']]);
  });

  it('never signals our own group or everybody, and takes one that is gone for no error', () => {
    const noted = tools();
    for (const pid of [-1, 0, 1]) processGroup('linux', {}, noted).signal(pid, 'SIGKILL');
    assert.deepEqual(noted.done, []);
    const gone = processGroup('linux', {}, { ...noted, kill: () => assert.fail('ESRCH') });
    gone.signal(1234, 'SIGTERM');
    gone.sweep(1234);
  });

  it('has the tree killed by its full path on Windows', () => {
    const noted = tools();
    const group = processGroup('win32', { SystemRoot: 'D:\\Windows' }, noted);
    assert.equal(group.detached, false);
    group.signal(1234, 'SIGTERM');
    // Its number may be somebody else's by now.
    group.sweep(1234);
    assert.deepEqual(noted.done, [['D:\\Windows\\System32\\taskkill.exe', '/PID', '1234', '/T', '/F']]);
  });

  it('kills what still runs when this process exits', () => {
    const noted = tools();
    const before = process.listenerCount('exit');
    const group = processGroup('linux', {}, noted);
    guardGroup(1234, group);
    guardGroup(1235, group);
    assert.equal(process.listenerCount('exit'), before + 1);
    releaseGroup(1235);
    const listeners = process.listeners('exit');
    (listeners.at(-1) as () => void)();
    assert.deepEqual(noted.done, [[-1234, 'SIGKILL']]);
    releaseGroup(1234);
    assert.equal(process.listenerCount('exit'), before);
  });

  it('tells whoever keeps account of what would outlive us', () => {
    const told: unknown[] = [];
    keepGroupLedger({ groupStarted: (pid) => told.push(['started', pid]), groupEnded: (pid) => told.push(['ended', pid]) });
    try {
      guardGroup(1234, processGroup('linux', {}, tools()));
      releaseGroup(1234);
    } finally {
      keepGroupLedger(undefined);
    }
    guardGroup(1235, processGroup('linux', {}, tools()));
    releaseGroup(1235);
    assert.deepEqual(told, [['started', 1234], ['ended', 1234]]);
  });
});
