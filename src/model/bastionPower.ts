import type { Bastion, ManagedStatus } from './bastion';
import type { DiscoveryScope } from './inventory';

/** EC2's names of an instance's states; `unknown` for one that it does not list. */
export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated' | 'unknown';

/** How a bastion that is an EC2 instance stands just now. */
export interface BastionCondition {
  readonly instance: InstanceState;
  readonly agent: ManagedStatus;
}

/** Asks about and starts single EC2 instances. */
export interface BastionPower {
  /** @throws Fault `aws.*` */
  condition(where: DiscoveryScope, instanceId: string, signal: AbortSignal): Promise<BastionCondition>;
  /** Asks EC2 to start it, and does not wait for that. @throws Fault `aws.accessDenied`, `ec2.*` */
  start(where: DiscoveryScope, instanceId: string, signal: AbortSignal): Promise<void>;
}

/** What is to be done next until a bastion can be used. */
export type PowerStep = 'start' | 'waitUntilStopped' | 'waitUntilRunning' | 'waitUntilOnline' | 'ready' | 'never';

/** @param asked whether it has been asked to start already: its state may take a moment to say so */
export function powerStep({ instance, agent }: BastionCondition, asked: boolean): PowerStep {
  switch (instance) {
    case 'stopping':
      return 'waitUntilStopped';
    case 'stopped':
      return asked ? 'waitUntilRunning' : 'start';
    case 'pending':
      return 'waitUntilRunning';
    case 'running':
      return agent === 'Online' ? 'ready' : 'waitUntilOnline';
    case 'shutting-down':
    case 'terminated':
    case 'unknown':
      return 'never';
  }
}

/** Whether starting it makes a bastion of it: an instance that Systems Manager has known before. */
export function canBeStarted({ kind, state, managed }: Pick<Bastion, 'kind' | 'state' | 'managed'>): boolean {
  return kind === 'ec2' && (state === 'stopped' || state === 'stopping') && managed !== 'unmanaged';
}
