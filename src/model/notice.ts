import type { BastionRef } from './route';

/** Something that the person is to see although nothing has failed. */
export type Notice = BastionNotice | BrokerNotice;

export interface BastionNotice {
  /**
   * `sessionMessage`: what the bastion's agent says to whoever starts a session, e.g. that it is encrypted.
   * `touchKey`: a security key waits to be touched; the text is OpenSSH's.
   */
  readonly kind: 'sessionMessage' | 'touchKey';
  /** As it came from the other side: plain text, never markup. */
  readonly text: string;
  readonly bastion: BastionRef;
}

export interface BrokerNotice {
  /**
   * `brokerLost`: the background process has ended without being asked to, and a new one opens its tunnels again.
   * `brokerInWindow`: there can be no background process, so tunnels end with the window.
   */
  readonly kind: 'brokerLost' | 'brokerInWindow';
  /** What happened: for `brokerInWindow` why, else empty. */
  readonly text: string;
  /** Tunnels that are concerned. */
  readonly tunnels: number;
}
