import assert from 'node:assert/strict';
import { HistorySearch, InputHistory } from '../../../src/webview/console/history';

describe('InputHistory', () => {
  it('walks back and forth and gives back what was being typed', () => {
    const history = new InputHistory();
    history.add('one');
    history.add('two');
    assert.equal(history.older('draft'), 'two');
    assert.equal(history.older('two'), 'one');
    assert.equal(history.older('one'), undefined);
    assert.equal(history.newer(), 'two');
    assert.equal(history.newer(), 'draft');
    assert.equal(history.newer(), undefined);
  });

  it('forgets what turns out to be secret under another name, and keeps no more of it', () => {
    const history = new InputHistory(['sesame hunter2', 'GET a']);
    history.add('SESAME hunter2');
    history.add('GET b');
    assert.equal(history.older('draft'), 'GET b');
    history.renamed(new Map([['sesame', 'auth']]));
    history.add('sesame hunter2');
    assert.deepEqual(history.lines, ['GET a', 'GET b']);
    assert.equal(history.older('draft'), 'GET b');
  });

  it('never keeps a secret, a blank line or the same line twice in a row', () => {
    const history = new InputHistory(['AUTH pw', 'kept']);
    for (const line of ['3 auth pw', 'ACL SETUSER me >pw', '', '  ', 'GET a', 'GET a', 'GET b', 'GET a']) history.add(line);
    assert.deepEqual(history.lines, ['kept', 'GET a', 'GET b', 'GET a']);
  });

  it('is bounded in lines and in the length of a line', () => {
    const history = new InputHistory();
    for (let index = 0; index < 600; index++) history.add(`GET ${index}`);
    history.add('x'.repeat(20_000));
    assert.equal(history.lines.length, 500);
    assert.equal(history.lines.at(-1), 'GET 599');
    assert.equal(history.older(''), 'GET 599');
  });

  it('begins a new walk after each line', () => {
    const history = new InputHistory(['one', 'two']);
    history.older('');
    history.older('');
    history.add('one');
    assert.equal(history.older(''), 'one');
    assert.equal(history.older(''), 'two');
  });
});

describe('HistorySearch', () => {
  it('goes from the newest line that contains the text to older ones, each once', () => {
    const search = new HistorySearch(new InputHistory(['GET a', 'SET b 1', 'get A', 'PING', 'get A']), 'draft');
    assert.equal(search.found, undefined);
    search.lookFor('et a');
    assert.equal(search.found, 'get A');
    search.older();
    assert.equal(search.found, 'GET a');
    search.older();
    assert.equal(search.found, 'GET a', 'it stays at the oldest');
    search.lookFor('et');
    assert.equal(search.found, 'get A', 'another text begins anew');
    search.older();
    assert.equal(search.found, 'SET b 1');
    search.lookFor('nowhere');
    search.older();
    assert.equal(search.found, undefined);
    search.lookFor('');
    assert.equal(search.found, undefined);
    assert.equal(search.draft, 'draft');
  });
});
