import { abortable } from '../../base/abort';
import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import { type ProductionRules, productionReasons } from '../../model/production';
import type { TargetRef } from '../../model/route';
import type { GuardPorts, GuardQuestion } from '../../redis/types';
import type { ToPage } from '../../webview/protocol';
import type { Ui } from '../ui';
import { confirmText, nameText, reasonsText, unlockText } from './guardTexts';
import { WriteLock } from './writeLock';

export interface ConsoleGuardPorts {
  readonly ui: Pick<Ui, 'l10n' | 'confirm' | 'input'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As the settings say now. */
  readonly rules: () => ProductionRules;
  /** For how long writes are unlocked, ms. */
  readonly unlockMs: () => number;
  readonly target: () => TargetRef;
  readonly onChange: () => void;
  readonly onUnknown?: NonNullable<GuardPorts['onUnknown']>;
}

const MINUTE_MS = 60_000;

/** What stands between one console and its target: is it production, may it be written to, and the questions to the person. */
export class ConsoleGuard implements GuardPorts {
  readonly #ports: ConsoleGuardPorts;
  readonly #lock: WriteLock;
  #asking: Promise<void> | undefined;
  /** Rises whenever it is locked: a yes to a question from before unlocks nothing. */
  #epoch = 0;

  constructor(ports: ConsoleGuardPorts) {
    this.#ports = ports;
    this.#lock = new WriteLock(ports.clock, ports.onChange);
  }

  readonly production = (): boolean => productionReasons(this.#ports.target(), this.#ports.rules()).length > 0;

  readonly writesAllowed = (): boolean => this.#lock.leftMs > 0;

  readonly onUnknown = (name: string, own: string | undefined): void => this.#ports.onUnknown?.(name, own);

  readonly ask = async (question: GuardQuestion, signal: AbortSignal): Promise<boolean> => {
    const { ui, target } = this.#ports;
    const { name } = target();
    if (question.kind === 'confirm') return abortable(ui.confirm(confirmText(question, name, ui.l10n)), signal);
    const { title, prompt, wrong } = nameText(question, name, ui.l10n);
    const validate = (text: string): string | undefined => (text.trim() === name ? undefined : wrong);
    const typed = await abortable(ui.input({ title, prompt, signal, validate }), signal);
    return typed?.trim() === name;
  };

  /** Allows writes for a while, if the person says so; resolves when they have answered. One question at a time. */
  unlock(): Promise<void> {
    this.#asking ??= this.#askToUnlock().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  lock(): void {
    this.#epoch++;
    if (this.#lock.leftMs > 0) this.#log('redis.writesLocked');
    this.#lock.lock();
  }

  get message(): Extract<ToPage, { type: 'guard' }> {
    const { ui, target, rules } = this.#ports;
    const reasons = productionReasons(target(), rules());
    return {
      type: 'guard',
      production: reasons.length > 0,
      reasons: reasonsText(reasons, ui.l10n),
      minutesLeft: Math.ceil(this.#lock.leftMs / MINUTE_MS),
    };
  }

  dispose(): void {
    this.#epoch++;
    this.#lock.dispose();
  }

  async #askToUnlock(): Promise<void> {
    const { ui, target, rules, unlockMs } = this.#ports;
    const reasons = productionReasons(target(), rules());
    if (reasons.length === 0) return;
    const ms = unlockMs();
    const epoch = this.#epoch;
    if (!(await ui.confirm(unlockText(target().name, Math.round(ms / MINUTE_MS), reasons, ui.l10n)))) return;
    if (epoch !== this.#epoch) return;
    this.#log('redis.writesUnlocked', { minutes: Math.round(ms / MINUTE_MS) });
    this.#lock.unlock(ms);
  }

  #log(event: string, fields: { readonly minutes?: number } = {}): void {
    this.#ports.logger.log('info', event, { target: this.#ports.target().id, ...fields });
  }
}
