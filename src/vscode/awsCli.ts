import { Fault } from '../base/fault';
import type { Bastion } from '../model/bastion';
import type { Endpoint } from '../model/endpoint';
import { isEndpoint, isLoopback } from '../model/endpoint';
import type { Place, Target } from '../model/target';
import { brokerId, isProxyEndpoint } from './awsConsole';

/** Whose quoting a pasted command has to follow. */
export type Shell = 'posix' | 'powershell';

/** The shell that a terminal starts by default. */
export function shellOf(platform: NodeJS.Platform): Shell {
  return platform === 'win32' ? 'powershell' : 'posix';
}

/** The name under which credentials of the environment itself are listed: the CLI finds them without a profile. */
const ENVIRONMENT = 'environment';

/** `aws SERVICE describe-…` for one resource. Undefined where the CLI has none. @throws Fault `cli.unsafe` */
export function describeCommand(resource: Target | Bastion, shell: Shell): string | undefined {
  const args = 'engine' in resource ? targetArgs(resource) : bastionArgs(resource);
  return args && command(args, resource.place, shell);
}

/** What does with the CLI and its plugin what a tunnel does. The local port is the remote one, or one above 1023. @throws Fault `cli.unsafe`, `cli.noForward` */
export function forwardCommand(bastion: Pick<Bastion, 'id' | 'place'>, to: Endpoint, shell: Shell): string {
  // Also keeps commas and quotes, which mean something in the CLI's shorthand, out of it.
  if (!isEndpoint(to)) throw unsafe();
  if (isLoopback(to.host)) {
    throw new Fault('cli.noForward', `The session document of AWS forwards to no loopback host such as ${to.host}.`, {
      remedy: { text: 'Connect with Sallyport instead.' },
    });
  }
  const local = to.port < 1024 ? to.port + 8000 : to.port;
  const parameters = `host=${to.host},portNumber=${to.port},localPortNumber=${local}`;
  const args: Argument[] = ['ssm', 'start-session', ['--target', bastion.id], ['--document-name', 'AWS-StartPortForwardingSessionToRemoteHost'], ['--parameters', parameters]];
  return command(args, bastion.place, shell);
}

/** A shell on the bastion. @throws Fault `cli.unsafe` */
export function sessionCommand({ id, place, ecs }: Bastion, shell: Shell): string {
  const args: Argument[] = ecs
    ? ['ecs', 'execute-command', ['--cluster', ecs.cluster], ['--task', ecs.taskId], ['--container', ecs.container], '--interactive', ['--command', '/bin/sh']]
    : ['ssm', 'start-session', ['--target', id]];
  return command(args, place, shell);
}

function targetArgs({ kind, name, id }: Target): Argument[] | undefined {
  switch (kind) {
    case 'elasticache.replicationGroup':
      return ['elasticache', 'describe-replication-groups', ['--replication-group-id', name]];
    case 'elasticache.serverless':
      return ['elasticache', 'describe-serverless-caches', ['--serverless-cache-name', name]];
    case 'elasticache.cluster':
      return ['elasticache', 'describe-cache-clusters', ['--cache-cluster-id', name], '--show-cache-node-info'];
    case 'memorydb.cluster':
      return ['memorydb', 'describe-clusters', ['--cluster-name', name], '--show-shard-details'];
    case 'rds.instance':
      return ['rds', 'describe-db-instances', ['--db-instance-identifier', name]];
    case 'rds.cluster':
      return ['rds', 'describe-db-clusters', ['--db-cluster-identifier', name]];
    case 'rds.proxy':
      return isProxyEndpoint(id)
        ? ['rds', 'describe-db-proxy-endpoints', ['--db-proxy-endpoint-name', name]]
        : ['rds', 'describe-db-proxies', ['--db-proxy-name', name]];
    case 'docdb.cluster':
      return ['docdb', 'describe-db-clusters', ['--db-cluster-identifier', name]];
    case 'neptune.cluster':
      return ['neptune', 'describe-db-clusters', ['--db-cluster-identifier', name]];
    case 'redshift.cluster':
      return ['redshift', 'describe-clusters', ['--cluster-identifier', name]];
    case 'redshift.workgroup':
      return ['redshift-serverless', 'get-workgroup', ['--workgroup-name', name]];
    case 'opensearch.domain':
      return ['opensearch', 'describe-domain', ['--domain-name', name]];
    case 'mq.broker':
      return ['mq', 'describe-broker', ['--broker-id', brokerId(id)]];
    case 'msk.cluster':
      return ['kafka', 'describe-cluster-v2', ['--cluster-arn', id]];
    case 'custom':
      return undefined;
  }
}

function bastionArgs({ kind, id, ecs }: Bastion): Argument[] | undefined {
  switch (kind) {
    case 'ec2':
      return ['ec2', 'describe-instances', ['--instance-ids', id]];
    case 'hybrid':
      return ['ssm', 'describe-instance-information', ['--filters', `Key=InstanceIds,Values=${id}`]];
    case 'ecs':
      return ecs && ['ecs', 'describe-tasks', ['--cluster', ecs.cluster], ['--tasks', ecs.taskId]];
  }
}

/** A word, or an option with its value. */
type Argument = string | readonly [option: `--${string}`, value: string];

function command(args: readonly Argument[], { profile, region }: Place, shell: Shell): string {
  const where: Argument[] = [...(profile === ENVIRONMENT ? [] : [['--profile', profile] as const]), ['--region', region]];
  return ['aws', ...[...args, ...where].flatMap(argumentWords)].map((word) => quote(word, shell)).join(' ');
}

/** A value that looks like an option is bound to its own, so that nothing from AWS becomes an option of a command. */
function argumentWords(argument: Argument): readonly string[] {
  if (typeof argument === 'string') return [argument];
  const [option, value] = argument;
  return value.startsWith('-') ? [`${option}=${value}`] : [option, value];
}

/**
 * One word for the shell: as it is where no shell reads anything into it, else in single quotes, which is all that either
 * shell needs. PowerShell takes typographic quotes for plain ones. @throws Fault `cli.unsafe`
 */
export function quote(word: string, shell: Shell): string {
  // No quoting keeps a line break, an escape or a mark that reorders text from looking like something else when it is pasted.
  if (/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(word)) throw unsafe();
  if (PLAIN[shell].test(word)) return word;
  return shell === 'posix' ? `'${word.replaceAll("'", String.raw`'\''`)}'` : `'${word.replaceAll(/['\u2018\u2019\u201A\u201B]/g, '$&$&')}'`;
}

// PowerShell makes an array of what has commas, and reads `@` as the begin of a splat.
const PLAIN: Readonly<Record<Shell, RegExp>> = { posix: /^[\w@%+:,./-][\w@%+=:,./-]*$/, powershell: /^[\w+:./-][\w+=:./-]*$/ };

function unsafe(): Fault {
  return new Fault('cli.unsafe', 'No command can be made: a name has characters that a terminal would obey.', {
    remedy: { text: 'Open the resource in the AWS console instead.' },
  });
}
