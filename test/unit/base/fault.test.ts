import { strict as assert } from 'node:assert';
import { asFault, describeFault, Fault, faultData, faultFromData, isFault } from '../../../src/base/fault';

describe('Fault', () => {
  const fault = new Fault('tunnel.portTaken', 'Port 6379 is in use.', {
    remedy: { text: 'Choose another port.', action: 'chooseAnotherPort' },
  });

  it('survives the way through plain data', () => {
    const back = faultFromData(JSON.parse(JSON.stringify(faultData(fault))));
    assert.ok(isFault(back));
    assert.deepEqual(faultData(back), faultData(fault));
  });

  it('is recognised when it was made by another copy of the class', () => {
    const foreign = Object.assign(new Error('x'), { code: 'a.b' });
    Object.defineProperty(foreign, Symbol.for('sallyport.Fault'), { value: true });
    assert.ok(isFault(foreign));
    assert.ok(!isFault(Object.assign(new Error('x'), { code: 'a.b' })));
    assert.ok(!isFault({ code: 'a.b', message: 'not an error' }));
  });

  it('keeps an unknown error as the cause', () => {
    const cause = new TypeError('boom');
    const wrapped = asFault(cause);
    assert.equal(wrapped.code, 'internal.unexpected');
    assert.equal(wrapped.cause, cause);
    assert.equal(asFault(fault), fault);
  });

  it('reads as the sentence and the next step', () => {
    assert.equal(describeFault(fault), 'Port 6379 is in use. Choose another port.');
  });
});
