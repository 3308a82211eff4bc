// What EC2 Instance Connect knows: public keys that instances accept for a minute.

export interface PushedKey {
  readonly instanceId: string;
  readonly osUser: string;
  /** Algorithm and base64, as a line of authorized_keys without its comment. */
  readonly publicKey: string;
  readonly availabilityZone?: string;
}

const LIFETIME_MS = 60_000;

export class PushedKeys {
  readonly #now: () => number;
  #keys: { readonly key: PushedKey; readonly until: number }[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Brings a key to the SSH server that plays the instance's. */
  deliver: (key: PushedKey) => Promise<void> = () => Promise.resolve();

  /** Resolves when the instance has it. */
  async push(key: PushedKey): Promise<void> {
    this.#keys.push({ key, until: this.#now() + LIFETIME_MS });
    await this.deliver(key);
  }

  /** What a server's AuthorizedKeysCommand would print for the user now, oldest first. */
  accepted(instanceId: string, osUser: string): string[] {
    this.#keys = this.#keys.filter(({ until }) => until > this.#now());
    return this.#keys.map(({ key }) => key).filter((key) => key.instanceId === instanceId && key.osUser === osUser).map(({ publicKey }) => publicKey);
  }
}
