import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import type { Notice } from '../../../src/model/notice';
import { showNotices } from '../../../src/vscode/notices';
import { FakeUi } from './samples';

describe('notices', () => {
  it('are shown once, however many sessions bring them', () => {
    const source = new Emitter<Notice>();
    const ui = new FakeUi();
    const showing = showNotices(source.event, ui);
    const notice = (text: string): Notice => ({ kind: 'sessionMessage', text, bastion: { id: 'i-0abc', name: 'bastion-a' } });
    for (const text of ['Encrypted.', 'Encrypted.', 'Be careful.']) source.fire(notice(text));
    assert.deepEqual(ui.shown, ['bastion-a says: Encrypted.', 'bastion-a says: Be careful.']);
    for (let count = 0; count < 1000; count++) source.fire(notice(`Number ${count}`));
    assert.equal(ui.shown.length, 100);
    for (const _ of [1, 2]) source.fire({ kind: 'touchKey', text: 'Confirm user presence', bastion: { id: 'ssh:jump', name: 'jump' } });
    assert.deepEqual(ui.shown.slice(100), ['Touch your security key to connect to jump.', 'Touch your security key to connect to jump.']);
    source.fire({ kind: 'brokerLost', text: '', tunnels: 2 });
    assert.match(ui.shown.pop()!, /ended unexpectedly.*: 2$/);
    source.fire({ kind: 'brokerInWindow', text: 'No place.', tunnels: 0 });
    assert.match(ui.shown.pop()!, /could not be started.*No place\.$/);
    showing.dispose();
    source.fire(notice('Too late.'));
    assert.equal(ui.shown.length, 102);
  });
});
