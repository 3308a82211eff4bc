import type { KeptState } from './bastionMemory';
import { isRegionCode } from './selection';
import type { ChosenProfile, SelectedProfile } from './selection';

/** What was selected last, so that it can be shown before the configuration has been read. */
export interface LastSelection {
  /** Undefined where something else is chosen now. */
  recall(chosen: readonly ChosenProfile[], preferred: string | undefined): readonly SelectedProfile[] | undefined;
  remember(chosen: readonly ChosenProfile[], preferred: string | undefined, profiles: readonly SelectedProfile[]): void;
}

const KEY = 'lastSelection';

/** Shared by all windows of the person. */
export class KeptSelection implements LastSelection {
  readonly #state: KeptState;
  readonly #onError: (error: unknown) => void;

  constructor(state: KeptState, onError: (error: unknown) => void) {
    this.#state = state;
    this.#onError = onError;
  }

  recall(chosen: readonly ChosenProfile[], preferred: string | undefined): readonly SelectedProfile[] | undefined {
    const value = this.#state.get(KEY) as { readonly of?: unknown; readonly profiles?: unknown } | undefined;
    const isSame = value?.of === JSON.stringify([chosen, preferred]);
    return isSame && Array.isArray(value.profiles) && value.profiles.every(isSelected) ? value.profiles : undefined;
  }

  remember(chosen: readonly ChosenProfile[], preferred: string | undefined, profiles: readonly SelectedProfile[]): void {
    const value = { of: JSON.stringify([chosen, preferred]), profiles };
    if (JSON.stringify(value) !== JSON.stringify(this.#state.get(KEY))) this.#state.update(KEY, value).then(undefined, this.#onError);
  }
}

function isSelected(value: unknown): value is SelectedProfile {
  const { name, regions, faults, settings } = (value ?? {}) as Partial<Record<keyof SelectedProfile, unknown>>;
  return (
    typeof name === 'string' &&
    Array.isArray(regions) &&
    regions.every((region) => typeof region === 'string' && isRegionCode(region)) &&
    Array.isArray(faults) &&
    (settings === undefined || typeof settings === 'string')
  );
}
