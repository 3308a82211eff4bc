import * as vscode from 'vscode';
import { shellOf } from './awsCli';
import type { BastionAdvice } from './bastionAdvice';
import type { ConnectCommands } from './connectCommands';
import { VIEWS } from './contributions';
import { CopyCommands } from './copyCommands';
import type { CopyHandlers } from './copyCommands';
import { writeWhereSet } from './settings';
import { TreeCommands } from './treeCommands';
import type { TreeCommandDeps, TreeHandlers } from './treeCommands';

export type ResourceCommandDeps = Pick<TreeCommandDeps, 'tree' | 'inventories' | 'ui' | 'attempts'> & {
  readonly advice: BastionAdvice;
  readonly connecting: Pick<ConnectCommands, 'destination'>;
};

/** What the Resources view offers besides connecting: how it is shown, and what can be taken from it to somewhere else. */
export function resourceCommands({ advice, connecting, ...deps }: ResourceCommandDeps): TreeHandlers & CopyHandlers {
  const trees = new TreeCommands({
    ...deps,
    saveGrouping: (text) => writeWhereSet('groupBy', text),
    show: async () => void (await vscode.commands.executeCommand(`${VIEWS.resources}.focus`)),
  });
  const copying = new CopyCommands({ ...deps, pick: () => connecting.destination(undefined), advice, shell: shellOf(process.platform) });
  return { ...trees.handlers, ...copying.handlers };
}
