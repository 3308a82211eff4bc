import { Fault } from '../base/fault';
import { printable, readLine } from './configLine';
import { globFiles } from './fileGlob';
import type { ConfigSource, ConfigSources, Origin } from './hostConfig';
import { checkDirective } from './statement';
import type { Criterion, Statement } from './statement';
import { errorCode, readBounded } from './textFile';
import { expandHome } from './tokens';
import { pathOf, WorkspaceTrust } from './workspaceTrust';

/** readconf.c READCONF_MAX_DEPTH. */
const MAX_DEPTH = 16;
/** OpenSSH has no such limits; ours are far beyond what people write, and keep a hostile file from filling the memory. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 2048;

/** What a Host or Match line begins: it lasts to the next one or to the end of its file. */
export interface Block {
  /** Undefined for what stands before the first Host or Match of a file. */
  readonly condition: Extract<Statement, { kind: 'host' | 'match' }> | undefined;
  /** The block that the file is included in, as an index; -1: none. It must apply, else nothing in the file does. */
  readonly parent: number;
}

/** Lines of one block that follow each other. */
export interface Run {
  readonly block: number;
  readonly statements: Extract<Statement, { kind: 'option' | 'jump' | 'unknown' }>[];
}

/** All files as one, Includes in their places; independent of the host. */
export interface ConfigProgram {
  readonly blocks: readonly Block[];
  readonly runs: readonly Run[];
  /** A Match line asks for `final`: everything is evaluated twice. */
  readonly wantsFinalPass: boolean;
  /** The files that were read and belong to a workspace. */
  readonly workspaceFiles: ReadonlySet<string>;
  readonly trust: WorkspaceTrust;
}

/** Reads and checks all files. @throws Fault `ssh.config.*`, with file and line where there is one */
export async function loadProgram(sources: ConfigSources): Promise<ConfigProgram> {
  const loader = new Loader(sources);
  for (const source of sources.files) await loader.readSource(source);
  return loader;
}

class Loader implements ConfigProgram {
  readonly blocks: Block[] = [];
  readonly runs: Run[] = [];
  readonly workspaceFiles = new Set<string>();
  readonly trust: WorkspaceTrust;
  wantsFinalPass = false;
  private readonly sources: ConfigSources;
  private files = 0;
  private bytes = 0;

  constructor(sources: ConfigSources) {
    this.sources = sources;
    this.trust = new WorkspaceTrust(sources.workspaceFolders, sources.platform);
  }

  async readSource(source: ConfigSource): Promise<void> {
    const found = await this.readFile(source, source.path, -1, 0);
    if (found || source.kind !== 'explicit') return;
    throw new Fault('ssh.config.missing', `The SSH configuration ${source.path} does not exist.`, {
      remedy: { text: 'Correct the setting `sallyport.ssh.configFile`.' },
    });
  }

  private async readFile(source: ConfigSource, path: string, parent: number, depth: number): Promise<boolean> {
    const text = await this.readText(path, source.kind === 'user' || depth > 0);
    if (text === undefined) return false;
    if (await this.trust.includes(path)) this.workspaceFiles.add(path);
    let block = parent;
    let run: Run | undefined;
    let number = 0;
    for (const line of linesOf(text)) {
      const statement = this.readStatement(line, { file: path, line: ++number });
      if (!statement) continue;
      if (statement.kind === 'include') {
        for (const pattern of statement.patterns) await this.include(source, pattern, statement.origin, block, depth);
        run = undefined;
      } else if (statement.kind === 'host' || statement.kind === 'match') {
        if (statement.kind === 'match' && isFinal(statement.criteria)) this.wantsFinalPass = true;
        block = this.blocks.push({ condition: statement, parent }) - 1;
        run = undefined;
      } else {
        if (!run) this.runs.push((run = { block, statements: [] }));
        run.statements.push(statement);
      }
      // A block without any option of its own still has to be met, for its criteria may be reported.
      if (!run && statement.kind !== 'include') this.runs.push((run = { block, statements: [] }));
    }
    return true;
  }

  private readStatement(line: string, origin: Origin): Statement | undefined {
    const reading = readLine(line);
    if (reading.kind === 'blank') return undefined;
    if (reading.kind === 'bad') throw syntaxFault(origin, reading.problem);
    const checked = checkDirective(reading.directive, origin, this.sources.platform);
    if ('problem' in checked) throw syntaxFault(origin, checked.problem);
    return checked.statement;
  }

  private async include(source: ConfigSource, pattern: string, origin: Origin, block: number, depth: number): Promise<void> {
    const { home, platform } = this.sources;
    const slashed = platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
    if (slashed.startsWith('~') && source.kind === 'system') throw syntaxFault(origin, `bad include path ${printable(pattern)}.`);
    const folder = source.kind === 'system' ? pathOf(platform).dirname(source.path) : `${home}/.ssh`;
    const isRelative = !pathOf(platform).isAbsolute(slashed) && !slashed.startsWith('~');
    const anchored = isRelative ? `${folder}/${slashed}` : expandHome(slashed, this.sources, origin);
    for (const file of await globFiles(anchored)) {
      if (depth === MAX_DEPTH) throw depthFault(origin);
      await this.readFile(source, file, block, depth + 1);
    }
  }

  private async readText(path: string, checkOwner: boolean): Promise<string | undefined> {
    const reading = await readBounded(path, MAX_FILE_BYTES).catch((error: unknown) => {
      const why = errorCode(error) ?? 'unknown error';
      throw new Fault('ssh.config.unreadable', `The SSH configuration ${path} cannot be read (${why}).`, {
        remedy: { text: 'Check that the file and its folder are yours to read.' },
        cause: error,
      });
    });
    if (!reading) return undefined;
    if (checkOwner && !isOwnersOnly(reading, this.sources)) {
      throw new Fault('ssh.config.permissions', `Bad owner or permissions on ${path}: others could change it.`, {
        remedy: { text: `Run \`chmod go-w ${path}\`, and see to it that the file belongs to you.` },
      });
    }
    this.files += 1;
    this.bytes += reading.contents.length;
    if (!reading.whole || this.bytes > MAX_TOTAL_BYTES || this.files > MAX_FILES) {
      throw new Fault('ssh.config.tooLarge', `The SSH configuration is too large, at ${path}.`, {
        remedy: { text: 'Include fewer or smaller files.' },
      });
    }
    return reading.contents.toString('utf8');
  }
}

/** readconf.c: root's or one's own, and writable by nobody else. Windows' access lists are not looked at. */
export function isOwnersOnly(
  file: { readonly owner: number; readonly mode: number },
  who: Pick<ConfigSources, 'platform' | 'uid'>,
): boolean {
  if (who.platform === 'win32' || who.uid === undefined) return true;
  return (file.owner === 0 || file.owner === who.uid) && (file.mode & 0o022) === 0;
}

/** One after another: an array of millions of empty lines would weigh more than the file. */
function* linesOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    yield text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
  }
}

function isFinal(criteria: readonly Criterion[]): boolean {
  return criteria.some(({ name }) => name === 'final');
}

function depthFault({ file, line }: Origin): Fault {
  return new Fault('ssh.config.includeDepth', `The SSH configuration includes itself, or files more than ${MAX_DEPTH} deep.`, {
    remedy: { text: `Look at ${file} line ${line}.` },
  });
}

/** A line that OpenSSH refuses, and with it the whole configuration. */
export function syntaxFault(origin: Origin, problem: string): Fault {
  return new Fault('ssh.config.syntax', `${origin.file} line ${origin.line}: ${problem}`, {
    remedy: { text: 'Correct this line of the SSH configuration; `ssh` itself refuses it too.' },
  });
}
