import assert from 'node:assert/strict';
import { DEFAULT_SSM_SETTINGS, ssmSettings } from '../../../src/model/ssmSettings';

describe('the settings of Session Manager', () => {
  it('are the defaults where nothing is given', () => {
    assert.deepEqual(ssmSettings(), DEFAULT_SSM_SETTINGS);
    assert.deepEqual(ssmSettings({ document: 'Our-Own' }), { ...DEFAULT_SSM_SETTINGS, document: 'Our-Own' });
  });

  it('bring every number into its range', () => {
    const low = ssmSettings({ payloadBytes: 1, paceBytesPerSecond: -5, maxSessions: 0, maxSessionMs: -1 });
    assert.deepEqual([low.payloadBytes, low.paceBytesPerSecond, low.maxSessions, low.maxSessionMs], [1024, 0, 1, 0]);
    const high = ssmSettings({ payloadBytes: 1e9, paceBytesPerSecond: 1e12, maxSessions: 99.7, maxSessionMs: 1e12 });
    assert.deepEqual([high.payloadBytes, high.paceBytesPerSecond, high.maxSessions, high.maxSessionMs], [65_536, 1e9, 16, 86_400_000]);
  });

  it('take what is no number for absent', () => {
    assert.equal(ssmSettings({ payloadBytes: Number.NaN }).payloadBytes, 1024);
    assert.equal(ssmSettings({ maxSessions: Infinity }).maxSessions, 4);
  });
});
