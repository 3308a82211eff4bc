// The decisions of a session pool, without its sockets and timers: where a stream goes, and what is to be done with the
// sessions. Both look at plain data and at a time that is passed in.

/** One session as the decisions see it. */
export interface MemberView {
  readonly id: number;
  /**
   * `open` takes new streams; the others keep those they have until they end: `idle` for want of work (it can be
   * called back), `renewed` because its time is nearly up.
   */
  readonly phase: 'open' | 'idle' | 'renewed';
  /** When it was established, ms. */
  readonly bornAt: number;
  /** When it last did more than keep idle connections alive, ms. */
  readonly workedAt: number;
  /** Streams on it, those included that are being opened. */
  readonly streams: number;
  /** Streams among them that moved bytes, or began, a moment ago. */
  readonly active: number;
  /** Streams among them that began within the last second. */
  readonly fresh: number;
  /** Whether it carries a stream, or has carried one for longer than a probe takes. */
  readonly used: boolean;
  /** Carries one stream at a time. */
  readonly exclusive: boolean;
  /** A stream of it has more to read than its client takes, or its agent takes nothing. */
  readonly stalled: boolean;
  /** The agent sends as much over it as it can. */
  readonly saturated: boolean;
  /** Much passes through it, and has for seconds. */
  readonly bulky: boolean;
}

export interface PoolView {
  readonly members: readonly MemberView[];
  /** Sessions that are being started. */
  readonly starting: number;
  /** Streams that wait for a session. */
  readonly waiting: number;
  /** No session is started for growth or renewal before this time, ms: starting one has failed. */
  readonly blockedUntil: number;
}

export interface PoolLimits {
  /** Sessions at once, those not counted that drain because they were renewed. */
  readonly maxSessions: number;
  /** A session beyond the first is given back after so long without work, ms. */
  readonly idleMs: number;
  /** How long the service lets a session live, ms; undefined: unknown, nothing is renewed. */
  readonly maxSessionMs: number | undefined;
}

/** Where a new stream goes; `wait`: a session is about to be there; `nowhere`: none is left. */
export type Placement = { readonly kind: 'member'; readonly id: number } | { readonly kind: 'wait' | 'nowhere' };

export type StartReason = 'growth' | 'renewal';

export type Step =
  | { readonly kind: 'start'; readonly why: StartReason }
  | { readonly kind: 'drain'; readonly id: number; readonly phase: 'idle' | 'renewed' }
  /** A session that was draining takes streams again. */
  | { readonly kind: 'recall'; readonly id: number }
  /** Nothing is left on it: terminate. */
  | { readonly kind: 'end'; readonly id: number };

export interface Plan {
  readonly steps: readonly Step[];
  /** When to look again though nothing has happened, ms. */
  readonly lookAt: number | undefined;
}

/**
 * So many streams that begin on the only session within a second are a client at work, which will open more. The second
 * session is then started before there is any load to measure, half a second sooner than by that. Only the second: streams
 * do not move to one that comes later, so there is little to gain (a few percent of the first five seconds where a start
 * takes a second), and a dozen idle connections must not cost more.
 */
const BURST_STREAMS = 4;
/** A bulk transfer keeps a new stream waiting as much as so many others would. */
const BULK_WEIGHT = 4;
/** A session that no stream has ever used is given back after so long, ms. */
const UNUSED_MS = 10_000;
/** A session is renewed this long before its time is up, or after nine tenths of it. */
const RENEWAL_LEAD_MS = 5 * 60_000;

/**
 * @param patient whether the stream may wait for a session that is being started or could be. It does so only where it
 *   would otherwise share a session with a stream that is not read, or with one that shares with nobody.
 */
export function place(view: PoolView, patient: boolean, now: number, limits: PoolLimits): Placement {
  const { members } = view;
  const free = members.filter((member) => isFree(member));
  const open = free.filter(({ phase }) => phase === 'open');
  const best = leastLoaded(open) ?? leastLoaded(free);
  if (best) return { kind: 'member', id: best.id };
  if (view.starting > 0 && (patient || members.length === 0)) return { kind: 'wait' };
  if (patient && members.length > 0 && mayGrow(view, now, limits)) return { kind: 'wait' };
  // The last resort: in the queue of a session that has one stream at a time, or next to a stream that is not read.
  const last = leastLoaded(members);
  return last ? { kind: 'member', id: last.id } : { kind: 'nowhere' };
}

/** What is to be done now; carried out and asked again, it comes to rest. */
export function plan(view: PoolView, now: number, limits: PoolLimits): Plan {
  const growth = growthStep(view, now, limits);
  if (growth?.kind === 'recall') return { steps: [growth], lookAt: nextLook(view, now, limits) };
  const steps = [...endings(view), ...renewals(view, now, limits)];
  if (growth && !steps.some(({ kind }) => kind === 'start')) steps.push(growth);
  if (steps.length === 0) steps.push(...idleDrains(view, now, limits));
  return { steps, lookAt: nextLook(view, now, limits) };
}

function isFree({ exclusive, stalled, streams }: MemberView): boolean {
  return !stalled && !(exclusive && streams > 0);
}

/**
 * By the streams that do something, which are those that a new one would compete with. A bulk transfer that is under way
 * counts as several of them, but not as any number: else a wave of streams would share one session and leave the rest to few.
 */
function leastLoaded(members: readonly MemberView[]): MemberView | undefined {
  const [best] = members.toSorted(
    (a, b) =>
      Number(a.stalled) - Number(b.stalled) ||
      competition(a) - competition(b) ||
      Number(a.saturated) - Number(b.saturated) ||
      a.streams - b.streams ||
      a.bornAt - b.bornAt,
  );
  return best;
}

function competition({ active, bulky, streams }: MemberView): number {
  return active + (bulky && streams > 0 ? BULK_WEIGHT : 0);
}

function mayGrow(view: PoolView, now: number, { maxSessions }: PoolLimits): boolean {
  const counted = view.members.filter(({ phase }) => phase !== 'renewed').length;
  return counted + view.starting < maxSessions && now >= view.blockedUntil;
}

/**
 * Another stream would find no session on which it had room. Idle streams take none, however many; a bulk transfer takes
 * all of it, even alone: the next stream is to find another session, not a queue.
 */
function isCrowded(members: readonly MemberView[]): boolean {
  if (members.length === 0) return false;
  const full = members.every(({ saturated, stalled, bulky, streams }) => streams > 0 && (saturated || stalled || bulky));
  return full && members.some(({ stalled, bulky, active }) => stalled || bulky || active > 1);
}

function isBurst(members: readonly MemberView[]): boolean {
  return members.length === 1 && members[0]!.fresh >= BURST_STREAMS;
}

function idleAt({ used, workedAt }: MemberView, { idleMs }: PoolLimits): number {
  return workedAt + (used ? idleMs : Math.min(idleMs, UNUSED_MS));
}

function dueAt(member: MemberView, { maxSessionMs }: PoolLimits): number {
  if (maxSessionMs === undefined) return Infinity;
  return member.bornAt + Math.max(maxSessionMs * 0.9, maxSessionMs - RENEWAL_LEAD_MS);
}

function endings({ members }: PoolView): Step[] {
  const alone = !members.some(({ phase }) => phase === 'open');
  if (alone) return [];
  return members.filter(({ phase, streams }) => phase !== 'open' && streams === 0).map(({ id }) => ({ kind: 'end', id }));
}

function renewals(view: PoolView, now: number, limits: PoolLimits): Step[] {
  const open = view.members.filter(({ phase }) => phase === 'open');
  const due = open.filter((member) => now >= dueAt(member, limits));
  if (due.length === 0) return [];
  if (due.length < open.length) return due.map(({ id }) => ({ kind: 'drain', id, phase: 'renewed' }));
  return view.starting === 0 && now >= view.blockedUntil ? [{ kind: 'start', why: 'renewal' }] : [];
}

function growthStep(view: PoolView, now: number, limits: PoolLimits): Step | undefined {
  const { members, starting, waiting } = view;
  const open = members.filter(({ phase }) => phase === 'open');
  // One fresh session has room for all that wait, unless it carries one stream at a time.
  const needed = members.some(({ exclusive }) => exclusive) ? waiting : Math.min(waiting, 1);
  const wanted = needed > starting || (starting === 0 && (open.length === 0 || isCrowded(open) || isBurst(open)));
  if (!wanted) return undefined;
  const recalled = members.find((member) => member.phase === 'idle' && isFree(member) && !member.saturated);
  if (recalled) return { kind: 'recall', id: recalled.id };
  return members.length > 0 && mayGrow(view, now, limits) ? { kind: 'start', why: 'growth' } : undefined;
}

function idleDrains({ members, waiting }: PoolView, now: number, limits: PoolLimits): Step[] {
  const open = members.filter(({ phase }) => phase === 'open');
  if (open.length < 2 || waiting > 0) return [];
  const idle = open
    .filter((member) => now >= idleAt(member, limits))
    .toSorted((a, b) => Number(b.stalled) - Number(a.stalled) || a.streams - b.streams || b.bornAt - a.bornAt);
  // Not one that would have to be started again at once; and someone has to take the next stream. One with streams lives
  // on until they end: rather wait for an empty one to become idle.
  const dispensable = idle.find(({ id, streams }) => {
    const rest = open.filter((other) => other.id !== id);
    if (streams > 0 && rest.some((other) => other.streams === 0)) return false;
    return rest.some(({ stalled }) => !stalled) && !isCrowded(rest);
  });
  return dispensable ? [{ kind: 'drain', id: dispensable.id, phase: 'idle' }] : [];
}

function nextLook(view: PoolView, now: number, limits: PoolLimits): number | undefined {
  const open = view.members.filter(({ phase }) => phase === 'open');
  const times = open.map((member) => dueAt(member, limits));
  if (open.length > 1) times.push(...open.map((member) => idleAt(member, limits)));
  if (view.blockedUntil > now) times.push(view.blockedUntil);
  const ahead = times.filter((at) => at > now && at < Infinity);
  return ahead.length > 0 ? Math.min(...ahead) : undefined;
}
