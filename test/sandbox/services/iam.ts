import type { MachineRole } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';

/** IAM is global: requests are signed for the partition's home region and no other. */
const HOME = 'us-east-1';

function atHome(run: (call: Call) => Output): Action['run'] {
  return (call) => {
    const { name } = call.region;
    if (name !== HOME) throw new ApiError('SignatureDoesNotMatch', `Credential should be scoped to a valid region, not '${name}'. `, 403);
    return run(call);
  };
}

/** @param kind as AWS calls it where there is none of that name */
function roleNamed({ world, caller }: Call, name: string, kind: 'role' | 'Instance Profile'): MachineRole {
  const role = world.machineRoles.find((row) => row.accountId === caller.accountId && row.name === name);
  if (role) return role;
  const message = kind === 'role' ? `The role with name ${name} cannot be found.` : `${kind} ${name} cannot be found.`;
  throw new ApiError('NoSuchEntity', message, 404);
}

const arn = ({ caller }: Call, kind: string, name: string | undefined): string => `arn:aws:iam::${caller.accountId}:${kind}/${name ?? '*'}`;
const roleArn = (call: Call): string => arn(call, 'role', call.input.text('RoleName'));

const listAccountAliases: Action = {
  run: atHome(({ caller, world }) => {
    const alias = world.accountAliases[caller.accountId];
    return { IsTruncated: false, AccountAliases: { member: alias === undefined ? [] : [alias] } };
  }),
};

const getInstanceProfile: Action = {
  resource: (call) => arn(call, 'instance-profile', call.input.text('InstanceProfileName')),
  run: atHome((call) => {
    const { name, detached } = roleNamed(call, call.input.required('InstanceProfileName'), 'Instance Profile');
    const role = {
      Path: '/',
      RoleName: name,
      RoleId: 'AROASANDBOXMACHINES01',
      Arn: arn(call, 'role', name),
      CreateDate: new Date(Date.UTC(2026, 0, 14, 8)),
      AssumeRolePolicyDocument: encodeURIComponent('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'),
    };
    return {
      InstanceProfile: {
        Path: '/',
        InstanceProfileName: name,
        InstanceProfileId: 'AIPASANDBOXMANAGED01',
        Arn: arn(call, 'instance-profile', name),
        CreateDate: new Date(Date.UTC(2026, 0, 14, 8)),
        Roles: { member: detached ? [] : [role] },
      },
    };
  }),
};

const listAttachedRolePolicies: Action = {
  resource: roleArn,
  run: atHome((call) => {
    const { attached } = roleNamed(call, call.input.required('RoleName'), 'role');
    const member = attached.map((PolicyArn) => ({ PolicyName: PolicyArn.split('/').at(-1), PolicyArn }));
    return { AttachedPolicies: { member }, IsTruncated: false };
  }),
};

const listRolePolicies: Action = {
  resource: roleArn,
  run: atHome((call) => ({ PolicyNames: { member: roleNamed(call, call.input.required('RoleName'), 'role').inline }, IsTruncated: false })),
};

export const iam: ServiceDefinition = {
  signingName: 'iam',
  protocol: awsQuery({ version: '2010-05-08', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' }),
  actions: {
    GetInstanceProfile: getInstanceProfile,
    ListAccountAliases: listAccountAliases,
    ListAttachedRolePolicies: listAttachedRolePolicies,
    ListRolePolicies: listRolePolicies,
  },
};
