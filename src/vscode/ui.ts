import type { CommandName } from './contributions';
import type { Localizer } from './localizer';

export interface PickButton<T> {
  /** Name of a theme icon. */
  readonly icon: string;
  readonly label: string;
  readonly value: T;
}

/** One line of a quick pick. Texts are shown as they are; icons come from `icon` alone. */
export interface PickItem<T> {
  readonly label: string;
  readonly icon?: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
  /** Whether it is chosen at first, where several can be. */
  readonly picked?: boolean;
  /** Pressing one accepts its value instead of the item's. */
  readonly buttons?: readonly PickButton<T>[];
}

export interface PickOptions {
  readonly title: string;
  readonly placeholder: string;
}

export interface InputOptions {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly password?: boolean;
  /** Closes the box, as if it was dismissed. */
  readonly signal?: AbortSignal;
  /** What is wrong with the text, or undefined. */
  readonly validate?: (text: string) => string | undefined;
}

export interface ConfirmOptions {
  readonly message: string;
  readonly detail: string;
  /** What a yes is called. */
  readonly button: string;
}

/**
 * What commands need of the window, so that they can be tested without one.
 * Dismissed pickers and boxes give undefined.
 */
export interface Ui {
  readonly l10n: Localizer;
  pick<T>(items: readonly PickItem<T>[], options: PickOptions): Promise<T | undefined>;
  /** Like `pick`, and whatever `accept` turns into a value can be typed instead. */
  pickOrType<T>(
    items: readonly PickItem<T>[],
    options: PickOptions & { readonly accept: (text: string) => PickItem<T> | undefined },
  ): Promise<T | undefined>;
  /** Any number of the items, in their order; whatever `accept` turns into an item can be typed and chosen as well. */
  pickMany<T>(
    items: readonly PickItem<T>[],
    options: PickOptions & { readonly accept?: (text: string) => PickItem<T> | undefined },
  ): Promise<readonly T[] | undefined>;
  input(options: InputOptions): Promise<string | undefined>;
  /** Runs the work under a progress notification whose Cancel button fires the signal. */
  task<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Runs short work that cannot be cancelled under a progress text in the status bar. */
  background<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** A modal question; false when dismissed. `detail` may have several lines. */
  confirm(options: ConfirmOptions): Promise<boolean>;
  /** Never modal. Resolves with the pressed button. */
  error(text: string, buttons: readonly string[]): Promise<string | undefined>;
  info(text: string): void;
  /** A text in the status bar for a few seconds. */
  brief(text: string): void;
  copy(text: string): Promise<void>;
  /** Opens a page in the browser of the machine that the person sits at; only where `isWebAddress` holds. False when it was not opened. */
  open(url: string): Promise<boolean>;
  run(command: CommandName, argument?: string): void;
}
