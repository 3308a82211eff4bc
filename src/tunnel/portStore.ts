import type { Logger } from '../base/log';
import type { BookFile } from './bookFile';
import { formatBook, parseBook, type PortBook, type PortEntry, withPort, withPorts } from './portBook';

/**
 * The port book of this machine's user. What cannot be read or written never keeps a tunnel from opening: the book
 * then lives in memory, and what is in there is written as soon as it can be.
 */
export class PortStore {
  readonly #file: BookFile | undefined;
  readonly #logger: Logger;
  /** What the file does not say yet. */
  #unwritten: PortBook = [];
  #writing: Promise<void> = Promise.resolve();
  #failing = false;

  /** @param file absent: everything stays in memory */
  constructor(file: BookFile | undefined, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  /** As it is now: other processes write it too. Never rejects. */
  async book(): Promise<PortBook> {
    return withPorts(await this.#read(), this.#unwritten);
  }

  /** Does not wait for the disk. */
  remember(entry: PortEntry): void {
    this.#unwritten = withPort(this.#unwritten, entry);
    if (this.#file) this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when nothing is being written; never rejects. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #read(): Promise<PortBook> {
    try {
      return (await this.#parsed()) ?? [];
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  /** Undefined where there is no file that we understand. @throws the system's error */
  async #parsed(): Promise<PortBook | undefined> {
    const text = await this.#file?.read();
    if (text === undefined) return undefined;
    const book = parseBook(text);
    return typeof book === 'string' ? undefined : book;
  }

  async #write(): Promise<void> {
    const file = this.#file;
    if (!file || this.#unwritten.length === 0) return;
    const own = this.#unwritten;
    try {
      const done = await file.exclusively(() => this.#replace(file, own));
      if (!done) return;
      // What came meanwhile is another write's.
      this.#unwritten = this.#unwritten.filter((entry) => !own.includes(entry));
      this.#failing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #replace(file: BookFile, own: PortBook): Promise<boolean> {
    const text = await file.read();
    const known = text === undefined ? [] : parseBook(text);
    // A newer version's file is not ours to rewrite.
    if (known === 'newer') return false;
    if (known === 'corrupt') this.#logger.log('warn', 'ports.setAside', { path: await file.setAside() });
    const before = known === 'corrupt' ? [] : known;
    await file.write(formatBook(withPorts(before, own)));
    return true;
  }

  /** Once until it works again: a full disk stays full for a while. */
  #failed(error: unknown): void {
    if (!this.#failing) this.#logger.log('warn', 'ports.notKept', { error });
    this.#failing = true;
  }
}
