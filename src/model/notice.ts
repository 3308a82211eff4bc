import type { BastionRef } from './route';

/** Something that the person is to see although nothing has failed. */
export interface Notice {
  /**
   * `sessionMessage`: what the bastion's agent says to whoever starts a session, e.g. that it is encrypted.
   * `touchKey`: a security key waits to be touched; the text is OpenSSH's.
   */
  readonly kind: 'sessionMessage' | 'touchKey';
  /** As it came from the other side: plain text, never markup. */
  readonly text: string;
  readonly bastion: BastionRef;
}
