import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Vector {
  readonly from: 'agent' | 'client';
  readonly hex: string;
  readonly messageType: string;
  readonly schemaVersion: number;
  readonly createdDateMs: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  readonly messageId: string;
  readonly payloadType: number;
  readonly payloadLength: number;
  readonly payloadText?: string;
}

interface Vectors {
  readonly mux: readonly Vector[];
  readonly basic: readonly Vector[];
}

/** Frames recorded between the real programs. Tests run in the root of the repository. */
export const vectors = JSON.parse(readFileSync(join('test', 'fixtures', 'ssm-session-vectors.json'), 'utf8')) as Vectors;
