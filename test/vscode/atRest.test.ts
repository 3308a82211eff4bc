import assert from 'node:assert/strict';
import { findExtension } from './extension';
import { loadedBundles } from './loadedBundles';

// Runs before every test that uses the product: the files are taken in the order of their names.
describe('the extension at rest', () => {
  it('has loaded nothing but its doorway', async () => {
    await findExtension().activate();
    assert.deepEqual(loadedBundles(), ['extension.js']);
  });
});
