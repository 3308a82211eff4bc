import assert from 'node:assert/strict';
import { Lines } from '../../../../src/transport/plugin/lines';

function linesOf(chunks: readonly Buffer[]): string[] {
  const found: string[] = [];
  const lines = new Lines((line) => found.push(line));
  for (const chunk of chunks) lines.push(chunk);
  lines.end();
  return found;
}

describe("a program's output", () => {
  it('is the same lines however it is cut', () => {
    const text = Buffer.from('\nStarting session\r\nPort 1 opened.\n\n  Waiting for connections...\n\u0007bell\tand tab\nlast');
    const expected = ['Starting session', 'Port 1 opened.', 'Waiting for connections...', 'bell and tab', 'last'];
    assert.deepEqual(linesOf([text]), expected);
    for (let cut = 0; cut <= text.length; cut++) assert.deepEqual(linesOf([text.subarray(0, cut), text.subarray(cut)]), expected);
    assert.deepEqual(linesOf([...text].map((byte) => Buffer.from([byte]))), expected);
  });

  it('keeps no more than 16 kB of a line, says so, and goes on with the next', () => {
    const found: [number, boolean][] = [];
    const lines = new Lines((line, cut) => void found.push([line.length, cut]));
    const whole = 'a'.repeat(16_384);
    for (const text of [whole.slice(9), `${'b'.repeat(9)}\n`, whole, 'b\nnext\n', `${whole}${whole}`]) lines.push(Buffer.from(text));
    lines.end();
    assert.deepEqual(found, [[16_384, false], [16_384, true], [4, false], [16_384, true]]);
  });
});
