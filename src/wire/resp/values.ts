/** What a map or an attribute holds, in the order of the wire, equal keys kept. */
export type RespEntries = readonly (readonly [RespValue, RespValue])[];

/**
 * A decoded reply, RESP2 and RESP3 (redis-specifications, protocol/RESP3.md). Every wire type stays
 * distinguishable. `omitted` counts what was received but not kept, see `RespLimits.keepBytes`.
 * `attributes` (`|`) is what the server says about the value besides; no client's text shows it.
 */
export type RespValue = RespShape & { readonly attributes?: RespEntries };

/** A value that is neither made of others nor a string. */
export type RespScalar = Exclude<RespShape, { readonly type: 'array' | 'set' | 'push' | 'map' | 'bulk' | 'verbatim' }>;

type RespShape =
  /** `+`: a status such as `OK`. */
  | { readonly type: 'status'; readonly text: string }
  /** `-` and `!`: an error, its code first, without the line end. */
  | { readonly type: 'error'; readonly text: string }
  /** `:`, a signed 64-bit integer. */
  | { readonly type: 'integer'; readonly value: bigint }
  /** `$`; `omitted` in bytes. */
  | { readonly type: 'bulk'; readonly bytes: Buffer; readonly omitted: number }
  /** `=`: text with a three-letter format, `txt` or `mkd`. */
  | { readonly type: 'verbatim'; readonly format: string; readonly bytes: Buffer; readonly omitted: number }
  /** `_`, and RESP2's `$-1` and `*-1`. */
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `,` as it was written: `3.10`, `inf` and `nan` survive. */
  | { readonly type: 'double'; readonly text: string }
  /** `(` as it was written. */
  | { readonly type: 'bigNumber'; readonly text: string }
  /** `*`, `~` and `>`; the reply's full length is `items.length + omitted`. */
  | { readonly type: 'array' | 'set' | 'push'; readonly items: readonly RespValue[]; readonly omitted: number }
  /** `%`; `omitted` in pairs. */
  | { readonly type: 'map'; readonly entries: RespEntries; readonly omitted: number };
