import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { exchangeBytes, failure, regionalEndpoint } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';
import { VERSION } from './settings';

/** The IAM calls in use. @throws Error as the SDK's clients do */
export interface IamApi {
  /** At most one, as IAM has it. */
  listAccountAliases(options: SendOptions): Promise<readonly string[]>;
  /** The role's name; an instance profile has at most one, and may have none. */
  roleOfInstanceProfile(name: string, options: SendOptions): Promise<string | undefined>;
  /** ARNs. */
  listAttachedRolePolicies(role: string, options: SendOptions): Promise<FirstPage>;
  /** Names. */
  listRolePolicies(role: string, options: SendOptions): Promise<FirstPage>;
}

/** Up to 100, of which there are seldom more; IAM may put fewer on a page, even none, while there are more. */
export interface FirstPage {
  readonly found: readonly string[];
  /** Whether there are no more. */
  readonly complete: boolean;
}

/** The region in which each partition has its global services, by the beginning of the partition's regions. */
const HOMES: readonly (readonly [RegExp, string])[] = [
  [/^cn-/, 'cn-north-1'],
  [/^us-gov-/, 'us-gov-west-1'],
  [/^us-iso-/, 'us-iso-east-1'],
  [/^us-isob-/, 'us-isob-east-1'],
  [/^eu-isoe-/, 'eu-isoe-west-1'],
  [/^us-isof-/, 'us-isof-south-1'],
  [/^eusc-/, 'eusc-de-east-1'],
];

/** Where the partition of a region has its global services: no account is without it. */
export function homeRegion(region: string): string {
  return HOMES.find(([regions]) => regions.test(region))?.[1] ?? 'us-east-1';
}

/** By the rules of AWS's own client: one endpoint per partition. @param region that of the partition's global services */
export function iamEndpoint({ region, useFips, useDualstack }: Pick<ClientSettings, 'region' | 'useFips' | 'useDualstack'>): string {
  if (region === 'us-gov-west-1') return 'https://iam.us-gov.amazonaws.com/';
  if (region !== 'us-east-1') return regionalEndpoint('iam', { region, useFips: false, useDualstack: false });
  if (useDualstack) return useFips ? 'https://iam-fips.global.api.aws/' : 'https://iam.global.api.aws/';
  return useFips ? 'https://iam-fips.amazonaws.com/' : 'https://iam.amazonaws.com/';
}

// The query protocol (IAM API reference): form data in, XML out, of which one element is wanted.
const API = '2010-05-08';
const ALIAS = /<member>([a-z0-9][a-z0-9-]{1,61}[a-z0-9])<\/member>/g;
const ROLE_NAME = /<RoleName>([^<]+)<\/RoleName>/;
// As XML has them: a path that it had to escape is none of AWS's own, and must not be overlooked.
const POLICY_ARN = /<PolicyArn>([^<]+)<\/PolicyArn>/g;
const POLICY_NAME = /<member>([^<]+)<\/member>/g;
const TRUNCATED = /<IsTruncated>\s*true\s*<\/IsTruncated>/;
/** A role's trust policy comes with it. */
const MAX_ANSWER_BYTES = 64 * 1024;

export function createIam(settings: ClientSettings): IamApi {
  const ask = iamCaller(settings);
  const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found]) => found!);
  const page = (text: string, pattern: RegExp): FirstPage => ({ found: matches(text, pattern), complete: !TRUNCATED.test(text) });
  return {
    listAccountAliases: async (options) => matches(await ask({ Action: 'ListAccountAliases' }, options), ALIAS),
    roleOfInstanceProfile: async (InstanceProfileName, options) =>
      ROLE_NAME.exec(await ask({ Action: 'GetInstanceProfile', InstanceProfileName }, options))?.[1],
    listAttachedRolePolicies: async (RoleName, options) => page(await ask({ Action: 'ListAttachedRolePolicies', RoleName }, options), POLICY_ARN),
    listRolePolicies: async (RoleName, options) => page(await ask({ Action: 'ListRolePolicies', RoleName }, options), POLICY_NAME),
  };
}

/** Makes one request of the query protocol and gives the answer's text. @throws Error as the SDK's clients do */
function iamCaller(settings: ClientSettings): (parameters: Readonly<Record<string, string>>, options: SendOptions) => Promise<string> {
  const { credentials, agents } = settings;
  const region = homeRegion(settings.region);
  const url = new URL(settings.endpoint ?? iamEndpoint({ ...settings, region }));
  const signer = new SignatureV4({ service: 'iam', region, credentials, sha256: Sha256, applyChecksum: true });
  return async (parameters, { abortSignal }) => {
    const sent = new URLSearchParams({ ...parameters, Version: API }).toString();
    const signed = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      path: url.pathname,
      query: {},
      headers: {
        host: url.host,
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'content-length': String(Buffer.byteLength(sent)),
        'user-agent': `sallyport/${VERSION}`,
      },
      body: sent,
    });
    const asked = { method: 'POST', headers: signed.headers, body: sent, maxAnswerBytes: MAX_ANSWER_BYTES } as const;
    const { status, body } = await exchangeBytes(url, asked, agents, abortSignal);
    const text = body.toString('utf8');
    if (status === 200) return text;
    const [code, message] = ['Code', 'Message'].map((name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]);
    throw failure(status, { code, message }, undefined);
  };
}
