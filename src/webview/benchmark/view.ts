import type { BenchmarkPlan, BenchmarkTest } from '../../model/benchmark';
import { element, setText, shape } from '../dom';
import { BAR, type Bar, placeBars } from './bars';
import { BENCHMARK_NUMBERS, BENCHMARK_TESTS, type BenchmarkNumber, type BenchmarkToPage } from './messages';

/** Of a drawing, with room for the text beside the longest bar. */
const WIDTH = 500;

export interface BenchmarkActions {
  readonly start: (choice: BenchmarkPlan) => void;
  readonly stop: () => void;
  readonly copy: () => void;
}

/** Builds the page once; `show` keeps it equal to what the extension says. Every text enters as text, never as markup. */
export class BenchmarkView {
  readonly #heading = element('h1');
  readonly #about = element('p', 'about');
  readonly #status = element('p', 'status');
  readonly #form = element('form');
  readonly #testsLabel = element('legend');
  readonly #tests = new Map(BENCHMARK_TESTS.map((test) => [test, input('checkbox')] as const));
  readonly #labels = new Map<BenchmarkNumber, HTMLElement>(BENCHMARK_NUMBERS.map((name) => [name, element('span')]));
  readonly #numbers = new Map(BENCHMARK_NUMBERS.map((name) => [name, input('number')] as const));
  readonly #start = button('primary');
  readonly #stop = button('');
  readonly #copy = button('');
  readonly #progress = element('progress');
  readonly #progressText = element('span', 'progress-text');
  readonly #charts = element('div', 'charts');
  readonly #table = element('table');
  readonly #notes = element('ul', 'notes');
  #results = '';
  #settled = false;

  constructor(root: HTMLElement, { start, stop, copy }: BenchmarkActions) {
    this.#status.setAttribute('role', 'status');
    const tests = element('fieldset', '', this.#testsLabel, ...[...this.#tests].map(([test, box]) => element('label', '', box, test)));
    const numbers = [...this.#numbers].map(([name, field]) => element('label', 'number', this.#labels.get(name)!, field));
    const bar = element('div', 'running', this.#progress, this.#progressText);
    this.#start.type = 'submit';
    this.#form.append(tests, ...numbers, element('div', 'buttons', this.#start, this.#stop, this.#copy));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      start(this.#choice());
    });
    this.#stop.addEventListener('click', stop);
    this.#copy.addEventListener('click', copy);
    root.replaceChildren(element('main', '', this.#heading, this.#about, this.#form, this.#status, bar, this.#charts, element('div', 'table', this.#table), this.#notes));
  }

  show(page: BenchmarkToPage): void {
    const { strings, title, about, status, level, running, progress, rows, notes } = page;
    document.title = title;
    setText(this.#heading, title);
    setText(this.#about, about);
    setText(this.#status, status);
    this.#status.dataset['level'] = level;
    this.#status.hidden = status === '';
    setText(this.#testsLabel, strings.tests);
    for (const [name, label] of this.#labels) setText(label, strings[name]);
    this.#showChoice(page);
    setText(this.#start, strings.start);
    setText(this.#stop, strings.stop);
    setText(this.#copy, strings.copy);
    this.#start.disabled = running;
    this.#stop.disabled = !running;
    this.#copy.disabled = rows.length === 0;
    this.#progress.parentElement!.hidden = !progress;
    if (progress) {
      this.#progress.value = progress.share;
      this.#progress.setAttribute('aria-label', progress.text);
      setText(this.#progressText, progress.text);
    }
    this.#showResults(page);
    this.#notes.replaceChildren(...notes.map((note) => element('li', '', note)));
  }

  /** What the person has typed stays, unless something runs with other numbers. */
  #showChoice({ choice, bounds, running }: BenchmarkToPage): void {
    for (const [name, field] of this.#numbers) {
      const [lowest, highest] = bounds[name];
      field.min = String(lowest);
      field.max = String(highest);
      field.required = true;
      if (!this.#settled || running) field.value = String(choice[name]);
      field.disabled = running;
    }
    for (const [test, box] of this.#tests) {
      if (!this.#settled || running) box.checked = choice.tests.includes(test);
      box.disabled = running;
    }
    this.#settled = true;
  }

  #choice(): BenchmarkPlan {
    const tests: BenchmarkTest[] = [];
    for (const [test, box] of this.#tests) if (box.checked) tests.push(test);
    const of = (name: BenchmarkNumber): number => Number(this.#numbers.get(name)!.value);
    return { tests, clients: of('clients'), requests: of('requests'), pipeline: of('pipeline'), valueBytes: of('valueBytes') };
  }

  /** Only when there are others: a screen reader that is in the table must not be thrown out at each step of the progress. */
  #showResults({ strings, rows }: BenchmarkToPage): void {
    const version = JSON.stringify([strings, rows]);
    if (version === this.#results) return;
    this.#results = version;
    if (rows.length === 0) {
      this.#charts.replaceChildren(element('p', 'empty', strings.nothingYet));
      this.#table.replaceChildren();
      return;
    }
    const wayText = { tunnel: strings.tunnel, direct: strings.direct };
    const rates = rows.map(({ test, way, rate, rateText }): Bar => ({ group: test, kind: way, value: rate, text: `${rateText} · ${wayText[way]}` }));
    const latencies = rows.flatMap(({ test, way, p50Ms, p99Ms, cells }): Bar[] => [
      { group: test, kind: way, value: p50Ms, text: `${strings.p50} ${cells[0]} · ${wayText[way]}` },
      { group: test, kind: `${way} tail`, value: p99Ms, text: `${strings.p99} ${cells[2]} · ${wayText[way]}` },
    ]);
    this.#charts.replaceChildren(chart(strings.rate, rates), chart(strings.latency, latencies));
    const heads = [strings.test, strings.way, strings.rate, strings.p50, strings.p95, strings.p99, strings.longest, strings.server, strings.errors].map((text) => {
      const head = element('th', '', text);
      head.setAttribute('scope', 'col');
      return head;
    });
    const lines = rows.map(({ test, way, rateText, cells }) => {
      const head = element('th', '', test);
      head.setAttribute('scope', 'row');
      return element('tr', '', head, ...[wayText[way], rateText, ...cells].map((text) => element('td', '', text)));
    });
    this.#table.replaceChildren(element('caption', '', strings.results), element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...lines));
  }
}

function chart(caption: string, bars: readonly Bar[]): HTMLElement {
  const placed = placeBars(bars);
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${placed.height}`, role: 'img' });
  svg.setAttribute('aria-label', [caption, ...bars.map(({ group, text }) => `${group}: ${text}`)].join('; '));
  for (const { group, kind, text, y, width, first } of placed.bars) {
    if (first) svg.append(label(group, 0, y + BAR.height - 5, 'group'));
    svg.append(shape('rect', { class: `bar ${kind}`, x: BAR.left, y, width, height: BAR.height }));
    svg.append(label(text, BAR.left + width + 6, y + BAR.height - 5, ''));
  }
  return element('figure', '', element('figcaption', '', caption), svg);
}

function label(text: string, x: number, y: number, className: string): SVGTextElement {
  const made = shape('text', { x, y, class: className });
  made.textContent = text;
  return made;
}

function input(type: 'checkbox' | 'number'): HTMLInputElement {
  const made = element('input');
  made.type = type;
  return made;
}

function button(className: string): HTMLButtonElement {
  const made = element('button', className);
  made.type = 'button';
  return made;
}
