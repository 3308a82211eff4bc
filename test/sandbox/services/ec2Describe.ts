import type { Action, Call } from './definition';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import type { Place, Tag, Vpc } from '../worldTypes';

/** How one kind of EC2 resource is listed; all of them page, filter and complain alike. */
export interface DescribeSpec<Row> {
  readonly rows: (vpc: Vpc, place: Place) => readonly Row[];
  readonly idOf: (row: Row) => string;
  /** The repeated request parameter that names ids, e.g. `InstanceId`. */
  readonly idParameter: string;
  readonly idPattern: RegExp;
  readonly malformed: string;
  readonly notFound: string;
  readonly noun: string;
  /** The largest MaxResults; the smallest is 5 everywhere. */
  readonly maxResults: number;
  readonly tagsOf: (row: Row) => readonly Tag[];
  /** The values that a filter compares with, by the filter's name. */
  readonly filters: Readonly<Record<string, (row: Row, vpc: Vpc) => readonly string[]>>;
  /** Name of the list in the answer. */
  readonly set: string;
  readonly render: (row: Row, vpc: Vpc, accountId: string, region: string) => Output;
}

interface Located<Row> {
  readonly row: Row;
  readonly vpc: Vpc;
}

const MIN_RESULTS = 5;

export function describe<Row>(spec: DescribeSpec<Row>): Action {
  return {
    run(call) {
      const { input, caller, region } = call;
      const limit = input.integer('MaxResults', MIN_RESULTS, spec.maxResults);
      const ids = input.texts(spec.idParameter);
      if (ids.length > 0 && limit !== undefined) {
        const name = spec.idParameter.charAt(0).toLowerCase() + spec.idParameter.slice(1);
        const message = `The parameter ${name}s cannot be used with the parameter maxResults`;
        throw new ApiError('InvalidParameterCombination', message);
      }
      const all = call.world.places
        .filter((place) => place.accountId === caller.accountId && place.region === region.name)
        .flatMap((place) => place.vpcs.flatMap((vpc) => spec.rows(vpc, place).map((row): Located<Row> => ({ row, vpc }))));
      const named = ids.length === 0 ? all : namedRows(spec, all, ids);
      const matching = filtered(spec, named, call);
      const render = ({ row, vpc }: Located<Row>): Output => spec.render(row, vpc, caller.accountId, region.name);
      // Ids are answered at once, as there cannot be more rows than ids.
      if (ids.length > 0) return { [spec.set]: { item: matching.map(render) } };
      const token = input.text('NextToken');
      const page = call.page(matching, { limit, token, listing: JSON.stringify(input.tree['Filter'] ?? null) });
      if (!page) throw new ApiError('InvalidNextToken', 'The specified NextToken is not valid.');
      return { [spec.set]: { item: page.rows.map(render) }, nextToken: page.next };
    },
  };
}

function namedRows<Row>(spec: DescribeSpec<Row>, all: readonly Located<Row>[], ids: readonly string[]): Located<Row>[] {
  const malformed = ids.find((id) => !spec.idPattern.test(id));
  if (malformed !== undefined) throw new ApiError(spec.malformed, `Invalid id: "${malformed}"`);
  const missing = ids.filter((id) => !all.some(({ row }) => spec.idOf(row) === id));
  if (missing.length > 0) {
    const [subject, verb] = missing.length === 1 ? [`${spec.noun} ID`, 'does'] : [`${spec.noun} IDs`, 'do'];
    throw new ApiError(spec.notFound, `The ${subject} '${missing.join(', ')}' ${verb} not exist`);
  }
  return all.filter(({ row }) => ids.includes(spec.idOf(row)));
}

/** All filters have to match; of one filter's values, any. */
function filtered<Row>(spec: DescribeSpec<Row>, rows: readonly Located<Row>[], { input }: Call): Located<Row>[] {
  const filters = input.groups('Filter').map((filter) => {
    const name = filter.required('Name');
    return { values: valuesOf(spec, name), patterns: filter.texts('Value').map(wildcard) };
  });
  return rows.filter(({ row, vpc }) =>
    filters.every(({ values, patterns }) => {
      const own = values(row, vpc);
      return patterns.some((pattern) => own.some((value) => pattern.test(value)));
    }),
  );
}

function valuesOf<Row>(spec: DescribeSpec<Row>, name: string): (row: Row, vpc: Vpc) => readonly string[] {
  const [, tagKey] = /^tag:(.+)$/s.exec(name) ?? [];
  if (tagKey !== undefined) {
    return (row) => spec.tagsOf(row).flatMap(({ key, value }) => (key === tagKey ? [value] : []));
  }
  if (name === 'tag-key') return (row) => spec.tagsOf(row).map(({ key }) => key);
  const values = Object.hasOwn(spec.filters, name) ? spec.filters[name] : undefined;
  if (!values) throw new ApiError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values;
}

/** `*` is any text and `?` any one character, unless a backslash stands before it. */
function wildcard(value: string): RegExp {
  const pattern = value.replace(/\\(.)|[.+^${}()|[\]]|\*|\?/gs, (match, escaped?: string) => {
    if (escaped !== undefined) return /\w/.test(escaped) ? escaped : `\\${escaped}`;
    if (match === '*') return '.*';
    return match === '?' ? '.' : `\\${match}`;
  });
  return new RegExp(`^${pattern}$`, 'su');
}
