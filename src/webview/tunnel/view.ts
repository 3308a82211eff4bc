import { element, setText, shape } from '../dom';
import { dotsOf, pathOf, xOf, type Frame, type Sample } from './graph';
import type { TunnelPoint, TunnelToPage } from './messages';

const WIDTH = 600;
const HEIGHT = 220;
const FRAME: Frame = { left: 8, top: 26, width: WIDTH - 16, height: HEIGHT - 52 };

/** Builds the page once; `show` keeps it equal to what the extension says. Every text enters as text, never as markup. */
export class TunnelView {
  readonly #heading = element('h1');
  readonly #status = element('p', 'status');
  readonly #facts = element('dl');
  readonly #factsHeading = element('h2');
  readonly #latency = new Graph();
  readonly #throughput = new Graph();
  readonly #legend = element('p', 'legend');
  readonly #summary = element('summary');
  readonly #table = element('table');
  #shown = '';

  constructor(root: HTMLElement) {
    this.#status.setAttribute('role', 'status');
    this.#factsHeading.className = 'unseen';
    this.#throughput.figure.append(this.#legend);
    const details = element('details', '', this.#summary, this.#table);
    const main = element(
      'main',
      '',
      this.#heading,
      this.#status,
      element('div', 'graphs', this.#latency.figure, this.#throughput.figure),
      details,
      this.#factsHeading,
      this.#facts,
    );
    root.replaceChildren(main);
  }

  show(page: TunnelToPage): void {
    const { strings, title, status, level, facts, points } = page;
    document.title = title;
    setText(this.#heading, title);
    // Said aloud when it changes, and not each second.
    setText(this.#status, status);
    this.#status.dataset['level'] = level;
    setText(this.#factsHeading, strings.facts);
    this.#showFacts(facts);
    const latency = points.map(({ at, latencyMs }): Sample => ({ at, value: latencyMs }));
    this.#latency.show({
      caption: strings.latency,
      summary: page.latencySummary,
      empty: strings.nothingYet,
      top: page.latencyTop,
      points,
      lines: [{ name: 'latency', samples: latency, dots: true }],
      failedLabel: strings.failed,
    });
    this.#throughput.show({
      caption: strings.throughput,
      summary: page.throughputSummary,
      empty: strings.nothingYet,
      top: page.throughputTop,
      points,
      lines: [
        { name: 'received', samples: points.map(({ at, receivedRate }) => ({ at, value: receivedRate })), dots: false },
        { name: 'sent', samples: points.map(({ at, sentRate }) => ({ at, value: sentRate })), dots: false },
      ],
    });
    this.#legend.replaceChildren(key('received', strings.received), key('sent', strings.sent));
    setText(this.#summary, strings.table);
    this.#showTable(page);
  }

  #showFacts(facts: TunnelToPage['facts']): void {
    this.#facts.replaceChildren(
      ...facts.flatMap(({ label, value }) => [element('dt', '', label), element('dd', '', value)]),
    );
  }

  /** Only when there is another point: a screen reader that is in the table must not be thrown out each second. */
  #showTable({ strings, points }: TunnelToPage): void {
    const version = JSON.stringify([strings, points.length, points.at(-1)?.at]);
    if (version === this.#shown) return;
    this.#shown = version;
    const heads = [strings.time, strings.latency, strings.received, strings.sent].map((text) => {
      const head = element('th', '', text);
      head.setAttribute('scope', 'col');
      return head;
    });
    const rows = points.toReversed().map(({ time, latency, received, sent }) => {
      const head = element('th', '', time);
      head.setAttribute('scope', 'row');
      return element('tr', '', head, ...[latency, received, sent].map((text) => element('td', '', text)));
    });
    this.#table.replaceChildren(element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...rows));
  }
}

interface GraphContent {
  readonly caption: string;
  readonly summary: string;
  readonly empty: string;
  readonly top: string;
  readonly points: readonly TunnelPoint[];
  readonly lines: readonly { readonly name: string; readonly samples: readonly Sample[]; readonly dots: boolean }[];
  readonly failedLabel?: string;
}

class Graph {
  readonly #caption = element('figcaption');
  readonly #svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' });
  readonly figure: HTMLElement = element('figure', '', this.#caption, this.#svg);

  show({ caption, summary, empty, top, points, lines, failedLabel }: GraphContent): void {
    setText(this.#caption, caption);
    this.#svg.setAttribute('aria-label', summary);
    const { left, top: upper, width, height } = FRAME;
    const bottom = upper + height;
    const parts: SVGElement[] = [
      shape('line', { class: 'axis', x1: left, y1: bottom, x2: left + width, y2: bottom }),
      shape('line', { class: 'grid', x1: left, y1: upper, x2: left + width, y2: upper }),
    ];
    if (points.length === 0) parts.push(label(empty, WIDTH / 2, HEIGHT / 2, 'middle'));
    else parts.push(label(top, left, upper - 8, 'start'), label(points.at(-1)!.time, left + width, bottom + 20, 'end'));
    if (points.length > 1) parts.push(label(points[0]!.time, left, bottom + 20, 'start'));
    const highest = Math.max(0, ...lines.flatMap(({ samples }) => samples.map(({ value }) => value ?? 0)));
    for (const { name, samples, dots } of lines) {
      parts.push(shape('path', { class: `line ${name}`, d: pathOf(samples, highest, FRAME) }));
      if (dots) for (const { x, y } of dotsOf(samples, highest, FRAME)) parts.push(shape('circle', { class: `dot ${name}`, cx: x, cy: y, r: 2 }));
    }
    // A cross, and not a colour alone.
    for (const { at, failed } of failedLabel === undefined ? [] : points) {
      if (!failed) continue;
      const x = xOf(at, lines[0]!.samples, FRAME);
      parts.push(shape('path', { class: 'failed', d: `M${x - 4} ${bottom - 10}l8 8m0 -8l-8 8` }));
    }
    this.#svg.replaceChildren(...parts);
  }
}

function key(name: string, text: string): HTMLElement {
  const sample = shape('svg', { viewBox: '0 0 24 8', class: 'key', 'aria-hidden': 'true' });
  sample.append(shape('path', { class: `line ${name}`, d: 'M0 4H24' }));
  return element('span', '', sample, text);
}

function label(text: string, x: number, y: number, anchor: 'start' | 'middle' | 'end'): SVGElement {
  const made = shape('text', { x, y, 'text-anchor': anchor });
  made.textContent = text;
  return made;
}
