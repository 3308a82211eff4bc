import { element, setText, shape } from '../dom';
import type { ConsoleStrings } from '../protocol';
import { filled } from './filled';
import { HEIGHT, pulseSummary, WIDTH } from './pulse';

/** What stands beside the Ping button: a line and two figures. */
export class PulseView {
  readonly #line = shape('path', { class: 'pulse-line', d: '' });
  readonly #text = element('span', 'pulse-text');
  readonly element: HTMLElement = element('span', 'pulse');

  constructor() {
    const drawing = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, 'aria-hidden': 'true' });
    drawing.append(this.#line);
    this.element.append(drawing, this.#text);
    // Not a live region: it changes every few seconds, and would be read out each time.
    this.element.setAttribute('role', 'img');
    this.element.hidden = true;
  }

  show(latencies: readonly (number | null)[], strings: ConsoleStrings): void {
    const summary = pulseSummary(latencies);
    this.element.hidden = !summary;
    if (!summary) return;
    const [p50, p99] = [summary.p50Ms, summary.p99Ms].map((ms) => (ms < 99.95 ? ms.toFixed(1) : String(Math.round(ms))));
    this.#line.setAttribute('d', summary.path);
    setText(this.#text, filled(strings.pulse, [p50, p99]));
    const label = filled(strings.pulseLabel, [String(summary.count), p50, p99]);
    this.element.setAttribute('aria-label', label);
    this.element.title = label;
  }
}
