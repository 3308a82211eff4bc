import { customTargetsOf, parseCustomTargets } from '../../model/customTargets';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place } from '../../model/target';
import { faultPart } from '../discovery';

const ID = 'custom';

/**
 * What the person has named in the settings: no call at all.
 * @param setting the list as it stands there, read at each discovery
 */
export function customTargets(place: Place, setting: () => unknown): ResourceProvider {
  async function* discover(): AsyncGenerator<InventoryPart, void, undefined> {
    const { targets, fault } = parseCustomTargets(setting());
    if (fault) yield faultPart(ID, fault);
    yield { kind: 'targets', provider: ID, targets: customTargetsOf(targets, place) };
  }

  return { id: ID, discover };
}
