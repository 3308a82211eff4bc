import { sleep, type Clock } from '../base/clock';
import { cancelled, Fault } from '../base/fault';
import type { BastionCondition, BastionPower } from '../model/bastionPower';
import { powerStep } from '../model/bastionPower';
import type { DiscoveryScope } from '../model/inventory';
import type { Attempts } from './attempts';
import type { Localizer } from './localizer';
import type { Ui } from './ui';

/** Whether a bastion that is stopped may be started: by a click each time, without a word, or not at all. */
export const START_POLICIES = ['ask', 'always', 'never'] as const;
export type StartPolicy = (typeof START_POLICIES)[number];

export interface BastionStarterDeps {
  readonly power: BastionPower;
  readonly policy: () => StartPolicy;
  readonly clock: Clock;
  readonly ui: Ui;
  readonly attempts: Attempts;
}

/** Between two looks, ms. A boot takes a minute or so. */
const LOOK_EVERY_MS = 3000;
/** After this it is not the boot that is slow. */
const PATIENCE_MS = 5 * 60_000;

/** Starts bastions that are stopped, and waits until they can be used. */
export class BastionStarter {
  readonly #deps: BastionStarterDeps;
  /** By instance id: whoever asks meanwhile waits for the same. */
  readonly #starting = new Map<string, Promise<boolean>>();

  constructor(deps: BastionStarterDeps) {
    this.#deps = deps;
  }

  get policy(): StartPolicy {
    return this.#deps.policy();
  }

  /** @throws Fault `aws.*` */
  condition(where: DiscoveryScope, instanceId: string, signal: AbortSignal): Promise<BastionCondition> {
    return this.#deps.power.condition(where, instanceId, signal);
  }

  /** Under a progress notification. False when that failed, which was shown then, or was cancelled. */
  run(where: DiscoveryScope, instanceId: string): Promise<boolean> {
    const under = this.#starting.get(instanceId) ?? this.#run(where, instanceId).finally(() => this.#starting.delete(instanceId));
    this.#starting.set(instanceId, under);
    return under;
  }

  /**
   * Resolves when Session Manager reaches the instance. Cancelling stops the waiting, and not the machine.
   * @throws Fault `aws.*`, `ec2.*`, `bastion.gone`, `bastion.slowStart`, `operation.cancelled`
   */
  async start(where: DiscoveryScope, instanceId: string, signal: AbortSignal, say: (text: string) => void): Promise<void> {
    const { power, clock, ui } = this.#deps;
    const until = clock.now() + PATIENCE_MS;
    for (let asked = false; ; ) {
      const step = powerStep(await power.condition(where, instanceId, signal), asked);
      if (signal.aborted) throw cancelled();
      if (step === 'ready') return;
      if (step === 'never') throw gone(instanceId);
      if (clock.now() >= until) throw slowStart(instanceId);
      say(stepText(step, ui.l10n));
      if (step === 'start') {
        await power.start(where, instanceId, signal);
        asked = true;
        say(stepText('waitUntilRunning', ui.l10n));
      }
      await sleep(clock, LOOK_EVERY_MS, signal);
    }
  }

  async #run(where: DiscoveryScope, instanceId: string): Promise<boolean> {
    const { ui, attempts } = this.#deps;
    const title = ui.l10n.t('Starting bastion {0}', instanceId);
    const done = await attempts.run(
      'startBastion',
      () => ui.task(title, (signal, say) => this.start(where, instanceId, signal, say).then(() => true)),
      { retry: () => void this.run(where, instanceId), about: instanceId },
    );
    return done === true;
  }
}

function stepText(step: 'start' | 'waitUntilStopped' | 'waitUntilRunning' | 'waitUntilOnline', l10n: Localizer): string {
  switch (step) {
    case 'start':
      return l10n.t('asking EC2 to start it');
    case 'waitUntilStopped':
      return l10n.t('waiting until it has stopped');
    case 'waitUntilRunning':
      return l10n.t('waiting until it runs');
    case 'waitUntilOnline':
      return l10n.t('waiting until Session Manager reports it online');
  }
}

function gone(instanceId: string): Fault {
  return new Fault('bastion.gone', `Instance ${instanceId} is terminated or does not exist any more.`, {
    remedy: { text: 'Refresh, and use another bastion.', action: 'retry' },
  });
}

function slowStart(instanceId: string): Fault {
  return new Fault('bastion.slowStart', `Instance ${instanceId} did not come online in Systems Manager within five minutes.`, {
    remedy: { text: 'Check that its agent runs and reaches the ssm and ssmmessages endpoints, then try again.', action: 'retry' },
  });
}
