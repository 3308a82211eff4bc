import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, installOnce } from '../../provision/cache';

describe('the cache of downloads', () => {
  it('follows the variable, the XDG rule and the home, in this order', () => {
    assert.equal(cacheFolder({ SALLYPORT_VSCODE_CACHE: '/c', XDG_CACHE_HOME: '/x' }, '/home/me'), '/c');
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/x' }, '/home/me'), join('/x', 'sallyport-vscode'));
    assert.equal(cacheFolder({}, '/home/me'), join('/home/me', '.cache', 'sallyport-vscode'));
  });

  describe('installing once', () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sallyport-cache-test-'));
    });

    afterEach(() => rmSync(folder, { recursive: true }));

    const fill = (content: string) => async (unfinished: string) => {
      mkdirSync(unfinished);
      writeFileSync(join(unfinished, 'file'), content);
    };

    it('builds what is absent and leaves what is there', async () => {
      const target = join(folder, 'deep/target');
      await installOnce(target, fill('first'));
      await installOnce(target, fill('second'));
      assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'first');
    });

    it('leaves nothing when the build fails', async () => {
      const failing = async (unfinished: string): Promise<void> => {
        mkdirSync(unfinished);
        throw new Error('broken');
      };
      await assert.rejects(installOnce(join(folder, 'target'), failing), /broken/);
      assert.deepEqual(readdirSync(folder), []);
    });

    it('lets one of two builds at the same time win, and removes the other', async () => {
      const target = join(folder, 'target');
      let bothStarted: () => void = () => {};
      let waiting = 2;
      const both = new Promise<void>((resolve) => {
        bothStarted = resolve;
      });
      const build = (content: string) => async (unfinished: string) => {
        await fill(content)(unfinished);
        if (--waiting === 0) bothStarted();
        await both;
      };
      await Promise.all([installOnce(target, build('a')), installOnce(target, build('b'))]);
      assert.match(readFileSync(join(target, 'file'), 'utf8'), /^[ab]$/);
      assert.deepEqual(readdirSync(folder), ['target']);
    });
  });
});
