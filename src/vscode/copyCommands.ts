import { Fault, isFault } from '../base/fault';
import type { Bastion } from '../model/bastion';
import { DISCOVERY_ACTIONS, discoveryPolicy, isListing } from '../model/discoveryActions';
import { formatEndpoint } from '../model/endpoint';
import { chooseBastion } from '../model/route';
import type { Target, TargetEndpoint } from '../model/target';
import { defaultEndpoint } from '../model/target';
import type { Attempts } from './attempts';
import { describeCommand, forwardCommand, sessionCommand } from './awsCli';
import type { Shell } from './awsCli';
import { consoleUrl } from './awsConsole';
import type { BastionAdvice } from './bastionAdvice';
import type { Destination } from './connectCommands';
import type { CommandHandlers } from './contributions';
import { missingActions } from './faultNode';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, targetsOf } from './inventoryState';
import { goneFault } from './inventoryStore';
import { bastionNodeId, endpointNodeId, targetNodeId } from './resourceRows';
import type { Ui } from './ui';

export interface CopyCommandDeps {
  /** Every region that is shown now. */
  readonly inventories: () => readonly RegionInventory[];
  /** Asks which target, where a command is not about a row. */
  readonly pick: () => Promise<Destination | undefined>;
  readonly advice: Pick<BastionAdvice, 'atHand'>;
  readonly shell: Shell;
  readonly ui: Ui;
  readonly attempts: Attempts;
}

/** What a row of the Resources view stands for. */
type Subject = { readonly bastion: Bastion; readonly inventory: RegionInventory } | (Destination & { readonly inventory?: RegionInventory; readonly bastion?: undefined });

export type CopyHandlers = Pick<CommandHandlers, 'copyEndpoint' | 'copyArn' | 'copyCli' | 'copySession' | 'copyPolicy' | 'openInAws'>;

/** More pages than these at once are a mistake. */
const MAX_PAGES = 10;

/** What is taken from the Resources view to somewhere else. Several selected rows become several lines. */
export class CopyCommands {
  readonly #deps: CopyCommandDeps;

  constructor(deps: CopyCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): CopyHandlers {
    const { shell } = this.#deps;
    return {
      copyEndpoint: (row, rows) => this.#copy('copyEndpoint', row, rows, (subject) => addressOf(subject)),
      copyArn: (row, rows) => this.#copy('copyArn', row, rows, (subject) => resourceOf(subject).id),
      copyCli: (row, rows) => this.#copy('copyCli', row, rows, (subject) => describeCommand(resourceOf(subject), shell)),
      copySession: (row, rows) => this.#copy('copySession', row, rows, (subject) => this.#session(subject)),
      openInAws: (row, rows) => this.#open(row, rows),
      copyPolicy: (argument) => this.#policy(argument),
    };
  }

  /** Runs what one row gives over all that are meant; a row that gives nothing is left out of several. */
  async #copy(event: string, row: unknown, rows: unknown, textOf: (subject: Subject) => string | undefined): Promise<void> {
    const { ui, attempts } = this.#deps;
    const { l10n } = ui;
    await attempts.run(event, async () => {
      const subjects = await this.#subjects(row, rows);
      if (subjects.length === 0) return;
      const lines = [...new Set(subjects.flatMap((subject) => textOf(subject) ?? []))];
      if (lines.length === 0) throw nothingThere();
      await ui.copy(lines.join('\n'));
      ui.brief(lines.length === 1 ? l10n.t('Copied: {0}', lines[0]!) : l10n.t('Copied {0} lines', lines.length));
    });
  }

  async #open(row: unknown, rows: unknown): Promise<void> {
    const { ui, attempts } = this.#deps;
    await attempts.run('openInAws', async () => {
      const subjects = await this.#subjects(row, rows);
      if (subjects.length === 0) return;
      const pages = [...new Set(subjects.flatMap((subject) => consoleUrl(resourceOf(subject)) ?? []))];
      if (pages.length === 0) throw nothingThere();
      for (const page of pages.slice(0, MAX_PAGES)) await ui.open(page);
    });
  }

  /**
   * @param argument a fault's row, the IAM action that is missing, or nothing: then it is about everything that was denied,
   *   or, where nothing was, about everything that Sallyport lists
   */
  async #policy(argument: unknown): Promise<void> {
    const { inventories, ui, attempts } = this.#deps;
    await attempts.run('copyPolicy', async () => {
      const rowId = typeof argument === 'string' && !isListing(argument) ? argument : undefined;
      const denied = inventories().flatMap((inventory) => missingActions(inventory, rowId));
      if (rowId !== undefined && denied.length === 0) throw goneFault('This problem');
      const all = denied.length > 0 ? denied : Object.values(DISCOVERY_ACTIONS).flat();
      const actions = typeof argument === 'string' && isListing(argument) ? [argument] : all;
      await ui.copy(discoveryPolicy(actions));
      ui.brief(ui.l10n.t('Copied a policy for {0} actions', new Set(actions).size));
    });
  }

  /** What the rows stand for; what the person picks where there is no row. None when that was dismissed. @throws Fault `inventory.gone` */
  async #subjects(row: unknown, rows: unknown): Promise<Subject[]> {
    const ids = (Array.isArray(rows) && rows.length > 0 ? rows : [row]).filter((id): id is string => typeof id === 'string');
    if (ids.length === 0) {
      const picked = await this.#deps.pick();
      return picked ? [this.#ofTarget(picked)] : [];
    }
    const known = this.#resolve(new Set(ids));
    const found = ids.flatMap((id) => known.get(id) ?? []);
    if (found.length === 0) throw goneFault('This resource');
    return found;
  }

  /** What each of the rows stands for: all are looked for at once, since hundreds may be selected among thousands. */
  #resolve(ids: ReadonlySet<string>): ReadonlyMap<string, Subject> {
    const known = new Map<string, Subject>();
    const take = (id: string, subject: Subject): void => void (ids.has(id) && known.set(id, subject));
    for (const inventory of this.#deps.inventories()) {
      for (const bastion of bastionsOf(inventory)) take(bastionNodeId(bastion), { bastion, inventory });
      for (const target of targetsOf(inventory)) {
        take(targetNodeId(target), { target, inventory });
        for (const endpoint of target.endpoints) take(endpointNodeId(target, endpoint), { target, endpoint, inventory });
      }
    }
    return known;
  }

  #ofTarget(destination: Destination): Subject {
    const { place } = destination.target;
    const inventory = this.#deps.inventories().find(({ scope }) => scope.profile === place.profile && scope.region === place.region);
    return { ...destination, ...(inventory && { inventory }) };
  }

  /** A shell on a bastion; for a target the forwarding through the bastion that "Connect" would take. @throws Fault */
  #session(subject: Subject): string | undefined {
    const { advice, shell } = this.#deps;
    if (subject.bastion) return sessionCommand(subject.bastion, shell);
    const { target, inventory } = subject;
    const endpoint = subject.endpoint ?? defaultEndpoint(target);
    if (!endpoint || !inventory) return undefined;
    return forwardCommand(bastionFor(inventory, target, endpoint, advice), endpoint, shell);
  }
}

function bastionFor(inventory: RegionInventory, target: Target, endpoint: TargetEndpoint, advice: Pick<BastionAdvice, 'atHand'>): Bastion {
  try {
    return chooseBastion(target, bastionsOf(inventory), advice.atHand(target, endpoint));
  } catch (error) {
    if (isFault(error) && inventory.loading) throw new Fault('inventory.loading', 'The bastions are still being listed.', { remedy: { text: 'Try again in a moment.' } });
    throw error;
  }
}

function resourceOf(subject: Subject): Target | Bastion {
  return subject.bastion ?? subject.target;
}

function addressOf(subject: Subject): string | undefined {
  if (subject.bastion) return subject.bastion.publicAddress ?? subject.bastion.privateAddresses?.[0];
  const endpoint = subject.endpoint ?? defaultEndpoint(subject.target);
  return endpoint && formatEndpoint(endpoint);
}

function nothingThere(): Fault {
  return new Fault('resource.nothing', 'There is nothing of the kind for this resource.', { remedy: { text: 'Look at its tooltip for what is known.' } });
}
