import assert from 'node:assert/strict';
import { pageHtml } from '../../../src/vscode/pageHtml';

describe('pageHtml', () => {
  const html = pageHtml({ nonce: 'bm9uY2U=', cspSource: 'https://csp', scriptUri: 'https://x/console.js', styleUri: 'https://x/console.css', language: 'en', title: '"><script>alert(1)</script>' });

  it('allows nothing but our own script and style sheet', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    assert.equal(policy, "default-src 'none'; script-src 'nonce-bm9uY2U='; style-src https://csp");
  });

  it('takes nothing as markup', () => {
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.ok(!html.includes('style='));
  });
});
