import type { FaultData } from '../base/fault';
import type { DiscoveryScope, ProfileInfo } from '../model/inventory';

/** One entry of the setting `sallyport.profiles`. */
export interface ChosenProfile {
  readonly profile: string;
  /** Region codes, in the person's order; none: the profile's own region. */
  readonly regions: readonly string[];
}

/** One profile that is shown. */
export interface SelectedProfile {
  readonly name: string;
  /** Each once; all have the form of a region code. */
  readonly regions: readonly string[];
  /** What is wrong with the choice itself. */
  readonly faults: readonly FaultData[];
  /** What the profile is made of (`ProfileInfo.settings`): what was kept under another is not its own. */
  readonly settings?: string;
}

export type Selection =
  | { readonly kind: 'noProfiles' }
  | { readonly kind: 'unavailable'; readonly fault: FaultData }
  | { readonly kind: 'profiles'; readonly profiles: readonly SelectedProfile[] };

/** The name under which the inventory lists credentials that are in the environment itself, ahead of all others. */
const ENVIRONMENT = 'environment';

/** The setting as it stands in settings.json: `{ "profile": ["region", ...] }`; what has another form is left out. */
export function parseChosen(value: unknown): readonly ChosenProfile[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).map(([profile, regions]) => ({ profile, regions: Array.isArray(regions) ? [...new Set(regions.filter(isText))] : [] }));
}

export function chosenSetting(chosen: readonly ChosenProfile[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(chosen.map(({ profile, regions }) => [profile, regions]));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * Where to look: the chosen profiles; with none chosen `preferred` (AWS_PROFILE), else the environment's own credentials,
 * else `default`, else the only one. Among several with none of these the person is asked: a guess could be production.
 */
export function resolveSelection(profiles: readonly ProfileInfo[], chosen: readonly ChosenProfile[], preferred: string | undefined): Selection {
  if (profiles.length === 0) return { kind: 'noProfiles' };
  const find = (name: string | undefined): ProfileInfo | undefined => profiles.find((profile) => profile.name === name);
  if (chosen.length > 0) {
    return { kind: 'profiles', profiles: chosen.map(({ profile, regions }) => selected(profile, find(profile), regions)) };
  }
  const [first] = profiles;
  const profile =
    find(preferred) ?? (first?.name === ENVIRONMENT ? first : undefined) ?? find('default') ?? (profiles.length === 1 ? first : undefined);
  if (!profile) return { kind: 'unavailable', fault: NO_PROFILE_CHOSEN };
  return { kind: 'profiles', profiles: [selected(profile.name, profile, [])] };
}

/** Every place that the profiles name, in their order. */
export function scopesOf(profiles: readonly SelectedProfile[]): DiscoveryScope[] {
  return profiles.flatMap(({ name, regions }) => regions.map((region) => ({ profile: name, region })));
}

function selected(name: string, info: ProfileInfo | undefined, chosen: readonly string[]): SelectedProfile {
  if (!info) return { name, regions: [], faults: [unknownProfile(name)] };
  const wanted = chosen.length > 0 ? chosen : info.region ? [info.region] : [];
  const bad = wanted.filter((region) => !isRegionCode(region));
  return {
    name,
    // They become part of host names that requests are signed for and sent to.
    regions: wanted.filter(isRegionCode),
    faults: wanted.length === 0 ? [noRegion(name)] : bad.map(badRegion),
    ...(info.settings !== undefined && { settings: info.settings }),
  };
}

const NO_PROFILE_CHOSEN: FaultData = {
  code: 'selection.noProfile',
  message: 'No AWS profile is chosen yet.',
  retryable: false,
  remedy: { text: 'Select the profiles whose resources you want to see.', action: 'selectProfile' },
};

function unknownProfile(name: string): FaultData {
  return {
    code: 'selection.unknownProfile',
    message: `The profile "${name}" is not in your AWS configuration.`,
    retryable: false,
    remedy: { text: 'Select other profiles, or add it with `aws configure sso`.', action: 'selectProfile' },
  };
}

function noRegion(profile: string): FaultData {
  return {
    code: 'aws.noRegion',
    message: `The profile "${profile}" has no region.`,
    retryable: false,
    remedy: { text: 'Select a region.', action: 'selectRegion' },
  };
}

function badRegion(region: string): FaultData {
  return {
    code: 'selection.badRegion',
    message: `"${region}" is not the code of an AWS region.`,
    retryable: false,
    remedy: { text: 'Select a region, for example eu-central-1.', action: 'selectRegion' },
  };
}

// Region codes are letters and digits in groups (eu-central-1, us-gov-west-1, us-isob-east-1).
const REGION = /^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$/;

/** Whether the text has the form of a region code; it becomes part of host names. */
export function isRegionCode(text: string): boolean {
  return REGION.test(text);
}
