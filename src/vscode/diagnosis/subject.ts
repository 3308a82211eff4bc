import type { ConnectCommands } from '../connectCommands';
import { resolveTunnel } from '../connectionNodes';
import type { InventoryStore } from '../inventoryStore';
import { bastionsOf } from '../inventoryState';
import { bastionNodeId } from '../resourceRows';
import type { TunnelBoard } from '../tunnelBoard';
import type { DiagnosisSubject } from './diagnosis';

export interface SubjectPorts {
  readonly store: Pick<InventoryStore, 'inventories'>;
  readonly board: Pick<TunnelBoard, 'tunnels'>;
  readonly connecting: Pick<ConnectCommands, 'destination'>;
}

/** What a row stands for, or what the person picks; undefined when dismissed. @throws Fault `inventory.gone`, `target.none` */
export async function findSubject(argument: unknown, { store, board, connecting }: SubjectPorts): Promise<DiagnosisSubject | undefined> {
  const tunnel = resolveTunnel(board.tunnels, argument);
  if (tunnel) return { kind: 'tunnel', tunnel };
  if (typeof argument === 'string') {
    const bastion = store.inventories.flatMap((inventory) => bastionsOf(inventory)).find((one) => bastionNodeId(one) === argument);
    if (bastion) return { kind: 'bastion', bastion };
  }
  const destination = await connecting.destination(argument);
  return destination && { kind: 'target', ...destination };
}
