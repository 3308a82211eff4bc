// The frames recorded between the real programs (test/fixtures/ssm-session-vectors.json).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
  readonly digestMatches: boolean;
  readonly payloadText?: string;
}

export interface Vectors {
  readonly mux: readonly Vector[];
  readonly basic: readonly Vector[];
}

export const AGENT_VECTORS = ({ from }: Vector): boolean => from === 'agent';

export function loadVectors(): Vectors {
  return JSON.parse(readFileSync(fixture('ssm-session-vectors.json'), 'utf8')) as Vectors;
}

/** The transpiled tests live in another folder than the fixtures: looked for upwards, then below the working directory. */
function fixture(name: string): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'test', 'fixtures', name);
    if (existsSync(path)) return path;
  }
  return join(process.cwd(), 'test', 'fixtures', name);
}
