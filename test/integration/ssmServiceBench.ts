import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { awsFault } from '../../src/aws/faults';
import { systemClock } from '../../src/base/clock';
import { nullLogger } from '../../src/base/log';
import type { Endpoint } from '../../src/model/endpoint';
import type { Link } from '../../src/model/link';
import type { BastionRoute } from '../../src/model/route';
import type { SsmSessionApi } from '../../src/model/ssmSession';
import { sessionDocument, sessionParameters } from '../../src/model/ssmSession';
import type { SsmTransportDeps } from '../../src/transport/ssm/ssmTransport';
import type { Notice } from '../../src/model/notice';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { KeyStore } from '../sandbox/kms';
import type { Resolution, SessionManagerOptions } from '../sandbox/sessionManager/service';
import { SessionManagerService } from '../sandbox/sessionManager/service';
import { describeWorld } from '../sandbox/world';
import { eventually } from '../fixtures/eventually';

export const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
export const never = new AbortController().signal;

/** Failures as the product's AWS client presents them, though without its repetitions. */
function asked<T>(action: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw awsFault(error, { action, ...place });
  }
}

/** The sandbox's service without its API, and what the product needs to dial through it. */
export class SsmServiceBench {
  /** What agents reach, by `host:port`. */
  readonly hosts = new Map<string, Resolution>();
  readonly keys = new KeyStore(describeWorld().kmsKeys);
  agentVersion = '3.3.1142.0';
  readonly service: SessionManagerService;
  readonly #http: Server = createServer();

  constructor(options: Partial<SessionManagerOptions> = {}) {
    this.service = new SessionManagerService({
      baseUrl: () => `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`,
      findInstance: (id) => ({ id, agentVersion: this.agentVersion, online: true, region: place.region, accountId: place.accountId }),
      resolve: (host, port) => this.hosts.get(`${host}:${port}`),
      decrypt: (ciphertext, context) => this.keys.decrypt(ciphertext, context, place).plaintext,
      ...options,
    });
    this.#http.on('upgrade', (request, socket, head) => this.service.handleUpgrade(request, socket, head));
  }

  async listen(): Promise<this> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return this;
  }

  /** Proves that the product has left no session and the agents no connection. */
  async close(): Promise<void> {
    try {
      await eventually(() => this.service.openTargets() === 0, 'the agents to close their connections');
      assert.deepEqual(this.service.activeSessions(), [], 'sessions left at the service');
    } finally {
      await this.service.close();
      await new Promise((resolve) => this.#http.close(resolve));
    }
  }

  /** The service as the product's AWS client presents it. */
  readonly api: { -readonly [Call in keyof SsmSessionApi]: SsmSessionApi[Call] } = {
    start: async (request) => {
      const grant = asked('ssm:StartSession', () =>
        this.service.start({
          target: request.bastionId,
          documentName: sessionDocument(request),
          parameters: sessionParameters(request),
          region: place.region,
          accountId: place.accountId,
        }),
      );
      return { sessionId: grant.SessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl };
    },
    resume: async (_place, sessionId) => {
      const grant = asked('ssm:ResumeSession', () => this.service.resume(sessionId));
      return 'TokenValue' in grant ? { sessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl } : undefined;
    },
    terminate: async (_place, sessionId) => void asked('ssm:TerminateSession', () => this.service.terminate(sessionId)),
    limits: () => Promise.resolve({}),
    dataKey: async (_place, { keyId, context }) => {
      const { plaintext, ciphertext } = this.keys.generateDataKey(keyId, 64, context, place);
      return { plaintext, sealed: ciphertext };
    },
  };

  get deps(): SsmTransportDeps {
    return { api: this.api, clock: systemClock, logger: nullLogger };
  }

  route(to: Endpoint, bastionId = 'i-0abc'): BastionRoute {
    return {
      target: { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: to,
      bastion: { id: bastionId, name: bastionId },
      method: 'ssm',
      place,
    };
  }

  dial(to: Endpoint, documentName?: string, bastionId?: string, onNotice: (notice: Notice) => void = () => {}): Promise<Link> {
    const settings = (): SsmSettings => ssmSettings({ document: documentName ?? '' });
    return new SsmTransport({ ...this.deps, settings, onNotice }).dial(this.route(to, bastionId), never);
  }
}
