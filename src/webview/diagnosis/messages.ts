/** The messages between the extension and the page of a diagnosis. All texts come translated from the extension. */

import { isFields, isText } from '../parsing';

export type DiagnosisToHost = { readonly type: 'ready' | 'again' | 'copy' };

export const VERDICTS = ['pass', 'warn', 'fail', 'unknown', 'skip', 'running'] as const;
export type DiagnosisVerdict = (typeof VERDICTS)[number];

export interface DiagnosisCheck {
  readonly verdict: DiagnosisVerdict;
  /** The verdict as a word. */
  readonly mark: string;
  readonly title: string;
  /** What was found; may be empty. */
  readonly detail: string;
  /** What to do about it; may be empty. */
  readonly remedy: string;
}

/** To the page: everything that it shows, each time. */
export interface DiagnosisToPage {
  readonly type: 'show';
  readonly title: string;
  /** The one sentence that matters; said aloud when it changes. */
  readonly summary: string;
  readonly verdict: DiagnosisVerdict;
  readonly running: boolean;
  readonly strings: { readonly again: string; readonly copy: string; readonly checks: string };
  readonly checks: readonly DiagnosisCheck[];
}

/** The message, or undefined for anything that is none. */
export function parseDiagnosisToHost(value: unknown): DiagnosisToHost | undefined {
  const type = isFields(value) ? value['type'] : undefined;
  return type === 'ready' || type === 'again' || type === 'copy' ? { type } : undefined;
}

/** The message, or undefined for anything that is none. */
export function parseDiagnosisToPage(value: unknown): DiagnosisToPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const page = value as unknown as DiagnosisToPage;
  const { strings, checks } = page as { readonly strings: unknown; readonly checks: unknown };
  const sound =
    isText(page.title) &&
    isText(page.summary) &&
    isVerdict(page.verdict) &&
    typeof page.running === 'boolean' &&
    isFields(strings) &&
    [strings['again'], strings['copy'], strings['checks']].every((one) => isText(one)) &&
    Array.isArray(checks) &&
    checks.every(isCheck);
  return sound ? page : undefined;
}

function isCheck(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { verdict, mark, title, detail, remedy } = value as Record<keyof DiagnosisCheck, unknown>;
  return isVerdict(verdict) && [mark, title, detail, remedy].every((one) => isText(one));
}

function isVerdict(value: unknown): value is DiagnosisVerdict {
  return (VERDICTS as readonly unknown[]).includes(value);
}
