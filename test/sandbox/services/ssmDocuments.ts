import type { Action, Call } from './definition';
import { ApiError } from './protocol/protocol';
import type { SessionPreferences } from '../worldTypes';

/** Where an account keeps its Session Manager preferences; the service makes it when they are first saved. */
const PREFERENCES = 'SSM-SessionManagerRunShell';

const getDocument: Action = {
  resource: ({ region, caller, input }) => `arn:aws:ssm:${region.name}:${caller.accountId}:document/${input.text('Name') ?? '*'}`,
  run(call) {
    const { input } = call;
    const name = input.required('Name');
    const format = input.text('DocumentFormat') ?? 'JSON';
    if (!['JSON', 'YAML', 'TEXT'].includes(format)) {
      throw input.errors.invalidValue('DocumentFormat', format, 'Member must satisfy enum value set: [YAML, TEXT, JSON]');
    }
    const preferences = preferencesOf(call);
    if (name !== PREFERENCES || !preferences) {
      throw new ApiError('InvalidDocument', `Document with name ${name} does not exist.`);
    }
    if (format !== 'JSON') throw new ApiError('UnsupportedOperation', 'The sandbox has this document as JSON only.');
    return {
      Name: name,
      CreatedDate: new Date(Date.UTC(2026, 0, 10, 8)),
      DocumentVersion: '1',
      Status: 'Active',
      Content: content(preferences),
      DocumentType: 'Session',
      DocumentFormat: format,
      AttachmentsContent: [],
    };
  },
};

function preferencesOf({ world, caller, region }: Call): SessionPreferences | undefined {
  return world.places.find((place) => place.accountId === caller.accountId && place.region === region.name)?.sessionPreferences;
}

/** Every value that a number would do for is a string, as the console writes it. */
function content({ idleSessionTimeout, maxSessionDuration }: SessionPreferences): string {
  return JSON.stringify({
    schemaVersion: '1.0',
    description: 'Document to hold regional settings for Session Manager',
    sessionType: 'Standard_Stream',
    inputs: {
      s3BucketName: '',
      s3KeyPrefix: '',
      s3EncryptionEnabled: true,
      cloudWatchLogGroupName: '',
      cloudWatchEncryptionEnabled: true,
      cloudWatchStreamingEnabled: true,
      idleSessionTimeout,
      maxSessionDuration,
      kmsKeyId: '',
      runAsEnabled: false,
      runAsDefaultUser: '',
      shellProfile: { windows: '', linux: '' },
    },
  });
}

export function documentActions(): Readonly<Record<string, Action>> {
  return { GetDocument: getDocument };
}
