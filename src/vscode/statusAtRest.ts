import type { Localizer } from './localizer';
import { tooltipMarkdown } from './safeText';

/** The status bar item's words. */
export interface StatusText {
  readonly text: string;
  /** What a screen reader says. */
  readonly spoken: string;
  /** Markdown; values in it are escaped. */
  readonly tooltip: string;
  readonly background?: 'warning' | 'error';
}

/** Without a tunnel. */
export function statusAtRest(l10n: Localizer): StatusText {
  return {
    text: `$(plug) ${l10n.t('0 tunnels')}`,
    spoken: l10n.t('Sallyport: no tunnels'),
    tooltip: tooltipMarkdown(l10n.t('No tunnels'), [['', l10n.t('Click to connect.')]]),
  };
}
