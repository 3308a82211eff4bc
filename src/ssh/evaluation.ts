import { lowerAscii, printable } from './configLine';
import type { ConfigProgram, Run } from './configProgram';
import { syntaxFault } from './configProgram';
import type { ConfigSources, HostRequest, JumpHost, Origin, UnsupportedOption } from './hostConfig';
import { canonicalAddress } from './names';
import { matchHostname, matchPattern, matchPatternList } from './patterns';
import type { Criterion, Statement } from './statement';
import { expand } from './tokens';

/** readconf.h SSH_MAX_IDENTITY_FILES and SSH_MAX_CERTIFICATE_FILES. */
const MAX_IDENTITIES = 100;

/** A value and where it was written; the request's own values have no origin. */
export interface Setting {
  readonly values: readonly string[];
  readonly origin?: Origin;
}

/**
 * What leads to the host. Whichever of ProxyJump and ProxyCommand comes first keeps the other from counting; `none` is a choice
 * too, except that a ProxyCommand may follow `ProxyJump none`.
 */
export type Proxy =
  | { readonly kind: 'none'; readonly of: 'jump' | 'command' }
  | { readonly kind: 'jump'; readonly hops: readonly JumpHost[]; readonly origin: Origin }
  | { readonly kind: 'command'; readonly command: string; readonly origin: Origin };

/** Options whose lines add up; all others are decided by the first. */
const ADDITIVE = new Set(['IdentityFile', 'CertificateFile']);

/**
 * What a program gives for one host: the first value of each option, in the order of the lines. If a Match line asks for
 * `final`, or names are to be made canonical, all is gone through once more, Host lines being compared with the real name then.
 */
export class Evaluation {
  readonly settings = new Map<string, Setting>();
  readonly identityFiles: Setting[] = [];
  readonly certificateFiles: Setting[] = [];
  readonly unsupported = new Map<string, UnsupportedOption>();
  proxy: Proxy | undefined;
  private readonly program: ConfigProgram;
  private readonly request: HostRequest;
  private readonly sources: ConfigSources;
  /** What Host lines are compared with. */
  private host: string;
  private finalPass = false;

  constructor(program: ConfigProgram, request: HostRequest, sources: ConfigSources) {
    this.program = program;
    this.request = request;
    this.sources = sources;
    this.host = request.host;
    if (request.user !== undefined) this.settings.set('User', { values: [request.user] });
    if (request.port !== undefined) this.settings.set('Port', { values: [String(request.port)] });
  }

  /** Goes through the runs, all of them unless told which; those left out must not apply to the host. */
  evaluate(runs: readonly Run[] = this.program.runs): this {
    this.pass(runs);
    this.host = this.realName();
    if (!this.program.wantsFinalPass && (this.value('CanonicalizeHostname') ?? 'no') === 'no') return this;
    this.finalPass = true;
    this.pass(runs);
    return this;
  }

  /** The host that is connected to: HostName, in lower case, addresses in their usual form. */
  get hostName(): string {
    return this.host;
  }

  value(option: string): string | undefined {
    return this.settings.get(option)?.values[0];
  }

  private realName(): string {
    const name = this.namedHost();
    return canonicalAddress(name) ?? lowerAscii(name);
  }

  private namedHost(): string {
    const setting = this.settings.get('HostName');
    return setting ? expand(setting.values[0]!, { h: this.request.host }, setting.origin) : this.request.host;
  }

  private pass(runs: readonly Run[]): void {
    const active = new Map<number, boolean>([[-1, true]]);
    for (const run of runs) {
      const applies = this.isActive(run.block, active);
      for (const statement of run.statements) {
        if (statement.kind === 'unknown') this.unknown(statement);
        else if (applies) this.apply(statement);
      }
    }
  }

  /** Criteria are looked at once, where the block begins: what they speak of may change below. */
  private isActive(block: number, active: Map<number, boolean>): boolean {
    const known = active.get(block);
    if (known !== undefined) return known;
    const { condition, parent } = this.program.blocks[block]!;
    const applies = this.isActive(parent, active) && (condition ? this.meets(condition) : true);
    active.set(block, applies);
    return applies;
  }

  private meets(condition: Extract<Statement, { kind: 'host' | 'match' }>): boolean {
    if (condition.kind === 'match') return this.meetsAll(condition.criteria, condition.origin);
    let found = false;
    for (const pattern of condition.patterns) {
      const negated = pattern.startsWith('!');
      if (!matchPattern(this.host, negated ? pattern.slice(1) : pattern)) continue;
      if (negated) return false;
      found = true;
    }
    return found;
  }

  private meetsAll(criteria: readonly Criterion[], origin: Origin): boolean {
    return criteria.every((criterion) => {
      const result = this.criterion(criterion, origin);
      // What cannot be told never applies, negated or not.
      return result !== 'unsupported' && result !== criterion.negated;
    });
  }

  private criterion({ name, argument = '' }: Criterion, origin: Origin): boolean | 'unsupported' {
    switch (name) {
      case 'all':
        return true;
      case 'canonical':
      case 'final':
        return this.finalPass;
      case 'host':
        return matchHostname(this.finalPass ? this.host : this.namedHost(), argument);
      case 'originalhost':
        return matchHostname(this.request.host, argument);
      case 'user':
        return matchPatternList(this.value('User') ?? this.sources.localUser, argument) === 'match';
      case 'localuser':
        return matchPatternList(this.sources.localUser, argument) === 'match';
      case 'tagged':
        return matchPatternList(this.value('Tag') ?? '', argument) === 'match';
      default:
        this.report({
          option: `Match ${name}`,
          reason: name === 'exec' ? 'programs of Match lines are never run, so its lines do not apply' : 'its lines do not apply',
          blocks: false,
          origin,
        });
        return 'unsupported';
    }
  }

  report(entry: UnsupportedOption): void {
    this.unsupported.set(`${entry.option} ${entry.origin.file} ${entry.origin.line}`, entry);
  }

  private unknown({ keyword, origin }: Extract<Statement, { kind: 'unknown' }>): void {
    const ignored = this.value('IgnoreUnknown');
    if (ignored !== undefined && matchPatternList(keyword, ignored, true) === 'match') return;
    throw syntaxFault(origin, `Bad configuration option: ${printable(keyword)}`);
  }

  private apply(statement: Extract<Statement, { kind: 'option' | 'jump' }>): void {
    const { origin } = statement;
    if (statement.kind === 'jump') {
      this.proxy ??= statement.hops ? { kind: 'jump', hops: statement.hops, origin } : { kind: 'none', of: 'jump' };
      return;
    }
    const { option, values } = statement;
    if (option === 'ProxyCommand') {
      this.applyCommand(values[0]!, origin);
    } else if (ADDITIVE.has(option)) {
      this.add(option === 'IdentityFile' ? this.identityFiles : this.certificateFiles, values, origin);
    } else if (!this.settings.has(option)) {
      this.settings.set(option, { values, origin });
    }
  }

  private applyCommand(command: string, origin: Origin): void {
    if (this.proxy && !(this.proxy.kind === 'none' && this.proxy.of === 'jump')) return;
    this.proxy = command.toLowerCase() === 'none' ? { kind: 'none', of: 'command' } : { kind: 'command', command, origin };
  }

  private add(list: Setting[], values: readonly string[], origin: Origin): void {
    if (list.some((setting) => setting.values[0] === values[0])) return;
    if (list.length >= MAX_IDENTITIES) throw syntaxFault(origin, `Too many identity files specified (max ${MAX_IDENTITIES}).`);
    list.push({ values, origin });
  }
}
