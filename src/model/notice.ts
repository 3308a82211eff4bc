import type { BastionRef } from './route';

/** Something that the person is to see although nothing has failed. */
export interface Notice {
  /** `sessionMessage`: what the bastion's agent says to whoever starts a session, e.g. that it is encrypted. */
  readonly kind: 'sessionMessage';
  /** As it came from the far side: plain text, never markup. */
  readonly text: string;
  readonly bastion: BastionRef;
}
