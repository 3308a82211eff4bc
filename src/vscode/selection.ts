import type { FaultData } from '../base/fault';
import type { DiscoveryScope, ProfileInfo } from '../model/inventory';
import { isRegionCode } from '../model/region';

/** What the settings say; empty strings where nothing was chosen. */
export interface ChosenScope {
  readonly profile: string;
  readonly region: string;
}

export type Selection =
  | { readonly kind: 'noProfiles' }
  | { readonly kind: 'unavailable'; readonly profile?: string; readonly fault: FaultData }
  | { readonly kind: 'scope'; readonly scope: DiscoveryScope };

/** The name under which the inventory lists credentials that are in the environment itself, ahead of all others. */
const ENVIRONMENT = 'environment';

/**
 * Where to look: the chosen profile, else `preferred` (AWS_PROFILE), else the environment's own credentials,
 * else `default`, else the only one. Among several with none of these the person is asked: a guess could be production.
 */
export function resolveSelection(profiles: readonly ProfileInfo[], chosen: ChosenScope, preferred: string | undefined): Selection {
  if (profiles.length === 0) return { kind: 'noProfiles' };
  const find = (name: string | undefined): ProfileInfo | undefined => profiles.find((profile) => profile.name === name);
  const profile = chosen.profile
    ? find(chosen.profile)
    : (find(preferred) ?? (profiles[0]?.name === ENVIRONMENT ? profiles[0] : undefined) ?? find('default') ?? (profiles.length === 1 ? profiles[0] : undefined));
  if (!profile) return { kind: 'unavailable', fault: chosen.profile ? unknownProfile(chosen.profile) : NO_PROFILE_CHOSEN };
  const region = chosen.region || profile.region;
  if (!region) return { kind: 'unavailable', profile: profile.name, fault: noRegion(profile.name) };
  // It becomes part of host names that requests are signed for and sent to.
  if (!isRegionCode(region)) return { kind: 'unavailable', profile: profile.name, fault: badRegion(region) };
  return { kind: 'scope', scope: { profile: profile.name, region } };
}

const NO_PROFILE_CHOSEN: FaultData = {
  code: 'selection.noProfile',
  message: 'No AWS profile is chosen yet.',
  retryable: false,
  remedy: { text: 'Select the profile whose resources you want to see.', action: 'selectProfile' },
};

function unknownProfile(name: string): FaultData {
  return {
    code: 'selection.unknownProfile',
    message: `The profile "${name}" is not in your AWS configuration.`,
    retryable: false,
    remedy: { text: 'Select another profile, or add it with `aws configure sso`.', action: 'selectProfile' },
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
