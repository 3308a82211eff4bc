import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { Fault } from '../base/fault';

export type Section = Readonly<Record<string, string | undefined>>;
export type Sections = Readonly<Record<string, Section>>;

export interface ConfigPaths {
  readonly config: string;
  readonly credentials: string;
}

/** Both shared files as they were at one moment. */
export interface SharedConfig {
  readonly paths: ConfigPaths;
  /** Sections of the config file: profiles by bare name, others as `sso-session.NAME` and `services.NAME`. */
  readonly config: Sections;
  readonly credentials: Sections;
  /** Changes whenever a file or an `AWS_*` variable changes. */
  readonly fingerprint: string;
}

/**
 * The person's home directory in the order in which the SDK looks for it (its SSO
 * token cache lies below the same directory).
 */
export function homeDirectory(env: NodeJS.ProcessEnv, fallback: () => string = homedir): string {
  const { HOME, USERPROFILE, HOMEPATH, HOMEDRIVE = 'C:\\' } = env;
  return HOME || USERPROFILE || (HOMEPATH ? `${HOMEDRIVE}${HOMEPATH}` : fallback());
}

/** Where the shared files are: the variables of the AWS CLI (a leading `~` is the home directory), else `~/.aws`. */
export function configPaths(env: NodeJS.ProcessEnv): ConfigPaths {
  const home = homeDirectory(env);
  const expand = (path: string): string => (/^~[/\\]/.test(path) ? join(home, path.slice(2)) : path);
  return {
    config: expand(env['AWS_CONFIG_FILE'] || join(home, '.aws', 'config')),
    credentials: expand(env['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws', 'credentials')),
  };
}

/**
 * Reads both files anew; an absent one counts as empty.
 * @throws Fault `aws.configUnreadable` or `aws.configMalformed`, naming the file.
 */
export async function readSharedConfig(env: NodeJS.ProcessEnv): Promise<SharedConfig> {
  const paths = configPaths(env);
  const texts = await Promise.all([readChecked(paths.config), readChecked(paths.credentials)]);
  // The SDK's parser decides what the files mean; it swallows every error, hence the check before it.
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    filepath: paths.credentials,
    configFilepath: paths.config,
    ignoreCache: true,
  });
  const variables = Object.entries(env)
    .filter(([name]) => name.startsWith('AWS_'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const fingerprint = createHash('sha256').update(JSON.stringify([paths, texts, variables])).digest('hex');
  return { paths, config: configFile, credentials: credentialsFile, fingerprint };
}

// What these mean: there is no such file.
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

async function readChecked(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (ABSENT.has(code)) return '';
    throw new Fault('aws.configUnreadable', `The AWS configuration file ${path} cannot be read (${code}).`, {
      cause: error,
      remedy: { text: 'Check that it is a file and that you may read it, then try again.', action: 'retry' },
    });
  }
  const problem = iniProblem(text);
  if (problem === undefined) return text;
  throw new Fault('aws.configMalformed', `The AWS configuration file ${path} is malformed: ${problem}.`, {
    remedy: { text: 'Correct the file, then try again.', action: 'retry' },
  });
}

/**
 * What is wrong with an AWS configuration file, or undefined. Refuses what the AWS CLI
 * refuses; the sentence never quotes the file, whose lines may be secrets.
 */
export function iniProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'it is not UTF-8 text';
  let inSection = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = (raw.split(/(?:^|\s)[;#]/)[0] ?? '').trim();
    if (line === '') continue;
    const where = `line ${index + 1}`;
    if (line.startsWith('[')) {
      if (!line.endsWith(']') || line.length < 3) return `the section name in ${where} is not closed`;
      if (/^\[(?:profile\s+)?["']?__proto__["']?\]$/.test(line)) return `the section name in ${where} is not allowed`;
      inSection = true;
      continue;
    }
    if (!inSection) return `${where} comes before the first section`;
    const isContinuation = /^\s/.test(raw);
    if (!isContinuation && !/^[^=:]+[=:]/.test(line)) return `${where} is neither a section nor "name = value"`;
  }
  return undefined;
}
