import type { DiscoveryScope } from '../model/inventory';
import { scopeKey } from './inventoryState';
import type { ResourcesState } from './resourcesState';
import { scopesOf } from './selection';

// Ids of rows are `kind:profile/region`, and `kind:profile/region/more` below; those of endpoints begin with `endpoint:target:`.
const KIND = /^(?:endpoint:)?[A-Za-z]+:/;

/** The region that a row is, or lies in. */
export function scopeOfRow(row: string, state: ResourcesState): DiscoveryScope | undefined {
  if (state.phase !== 'profiles') return undefined;
  const place = row.replace(KIND, '');
  const isIn = (scope: DiscoveryScope): boolean => place === scopeKey(scope) || place.startsWith(`${scopeKey(scope)}/`);
  // Names of profiles may hold anything: the longest that fits is meant.
  return scopesOf(state.profiles).filter(isIn).toSorted((a, b) => scopeKey(b).length - scopeKey(a).length)[0];
}

/** The profile that a row is, or lies in. */
export function profileOfRow(row: string, state: ResourcesState): string | undefined {
  const scope = scopeOfRow(row, state);
  if (scope || state.phase !== 'profiles') return scope?.profile;
  const isOf = (profile: string): boolean => [`profile:${profile}`, `fault:${profile}`].some((id) => row === id || row.startsWith(`${id}/`));
  return state.profiles.map(({ name }) => name).filter(isOf).toSorted((a, b) => b.length - a.length)[0];
}
