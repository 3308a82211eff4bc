import type { BastionRef } from './route';

/** Something that the person is to see although nothing has failed. */
export interface Notice {
  /** `sessionMessage`: what the account's administrators say to whoever starts a session. */
  readonly kind: 'sessionMessage';
  /** As it came from the far side: plain text, never markup. */
  readonly text: string;
  readonly bastion: BastionRef;
}
