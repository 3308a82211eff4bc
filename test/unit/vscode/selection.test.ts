import assert from 'node:assert/strict';
import { KeptSelection } from '../../../src/vscode/lastSelection';
import { chosenSetting, isRegionCode, parseChosen, resolveSelection } from '../../../src/vscode/selection';
import type { ChosenProfile, SelectedProfile } from '../../../src/vscode/selection';
import { MemoryState } from './samples';

const PROFILES = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod' }];

function selected(...args: Parameters<typeof resolveSelection>): readonly SelectedProfile[] {
  const selection = resolveSelection(...args);
  return selection.kind === 'profiles' ? selection.profiles : [];
}

function choose(profile: string, ...regions: string[]): ChosenProfile {
  return { profile, regions };
}

describe('the choice of profiles and regions', () => {
  it('is what the person chose, else what AWS_PROFILE names, else default, else the only one', () => {
    const names = (...args: Parameters<typeof resolveSelection>): string[] => selected(...args).map(({ name }) => name);
    const withDefault = [...PROFILES, { name: 'default', region: 'us-east-1' }];
    assert.deepEqual(names(withDefault, [choose('prod'), choose('dev')], 'default'), ['prod', 'dev']);
    assert.deepEqual(names(withDefault, [], 'dev'), ['dev']);
    assert.deepEqual(names(withDefault, [], undefined), ['default']);
    assert.deepEqual(names([{ name: 'environment', region: 'us-east-1' }, ...withDefault], [], undefined), ['environment']);
    assert.deepEqual(names([PROFILES[0]!], [], undefined), ['dev']);
  });

  it('is left to the person where it would be a guess', () => {
    const selection = resolveSelection(PROFILES, [], undefined);
    assert.ok(selection.kind === 'unavailable');
    assert.equal(selection.fault.remedy?.action, 'selectProfile');
    assert.equal(resolveSelection([], [], undefined).kind, 'noProfiles');
  });

  it('has the chosen regions, else the profile’s own', () => {
    const regions = (...chosen: string[]): readonly string[] => selected(PROFILES, [choose('dev', ...chosen)], undefined)[0]!.regions;
    assert.deepEqual(regions(), ['eu-central-1']);
    assert.deepEqual(regions('us-east-1', 'eu-west-1'), ['us-east-1', 'eu-west-1']);
  });

  it('says at each profile what is wrong with it, and shows the others', () => {
    const chosen = [choose('gone'), choose('prod'), choose('dev', 'evil.example/', 'us-east-1')];
    assert.deepEqual(
      selected(PROFILES, chosen, undefined).map(({ regions, faults }) => [regions, faults.map(({ code }) => code)]),
      [
        [[], ['selection.unknownProfile']],
        [[], ['aws.noRegion']],
        [['us-east-1'], ['selection.badRegion']],
      ],
    );
  });

  it('is read from settings.json whatever stands there', () => {
    assert.deepEqual(parseChosen({ dev: [], prod: ['eu-west-1', 5, 'eu-west-1', 'us-east-1'], odd: 'us-east-1' }), [choose('dev'), choose('prod', 'eu-west-1', 'us-east-1'), choose('odd')]);
    for (const nonsense of [undefined, null, 'dev', 5, ['dev']]) assert.deepEqual(parseChosen(nonsense), []);
    const chosen = [choose('prod', 'eu-west-1'), choose('dev')];
    assert.deepEqual(parseChosen(JSON.parse(JSON.stringify(chosenSetting(chosen)))), chosen);
  });

  it('takes only what has the form of a region code', () => {
    assert.ok(['eu-central-1', 'us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'ap-southeast-11'].every(isRegionCode));
    assert.ok(!['', 'eu', 'EU-central-1', 'eu-central-1.evil', 'eu-central-1\n', '-eu-central-1'].some(isRegionCode));
  });

  it('is remembered until something else is chosen, and only in a form that is its own', () => {
    const state = new MemoryState();
    const kept = new KeptSelection(state, (error) => assert.ifError(error));
    const chosen = [choose('dev')];
    const profiles = selected(PROFILES, chosen, undefined);
    assert.equal(kept.recall(chosen, undefined), undefined);
    kept.remember(chosen, undefined, profiles);
    assert.deepEqual(kept.recall(chosen, undefined), profiles);
    assert.equal(kept.recall([choose('prod')], undefined), undefined);
    assert.equal(kept.recall(chosen, 'prod'), undefined);
    const [key] = state.values.keys();
    for (const bad of ['{"of":1}', JSON.stringify({ of: JSON.stringify([chosen, undefined]), profiles: [{ name: 'dev', regions: ['evil.example/'], faults: [] }] })]) {
      state.values.set(key!, bad);
      assert.equal(kept.recall(chosen, undefined), undefined);
    }
  });
});
