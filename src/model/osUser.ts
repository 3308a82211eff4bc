/** What is known of an instance's operating system; any of it may be missing. */
export interface OsHints {
  /** As Systems Manager or EC2 (PlatformDetails) tell it, e.g. `Amazon Linux 2023`, `Ubuntu Pro`, `Red Hat Enterprise Linux`. */
  readonly platform?: string;
  /** Name of the machine image, e.g. `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101`. */
  readonly imageName?: string;
}

/**
 * Login names by what the names of images and platforms contain, the likeliest first (EC2 user guide, "Manage system
 * users"; the vendors' own pages for the rest). Vendors come before the systems that they build upon.
 */
const USERS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/windows/, []],
  [/bitnami/, ['bitnami']],
  [/bottlerocket|al20\d\d|amzn|amazon/, ['ec2-user']],
  [/ubuntu/, ['ubuntu']],
  [/debian/, ['admin', 'debian']],
  [/rocky/, ['rocky']],
  [/alma/, ['ec2-user', 'almalinux']],
  [/centos/, ['centos', 'ec2-user']],
  [/fedora/, ['fedora', 'ec2-user']],
  [/flatcar|coreos/, ['core']],
  [/red ?hat|rhel/, ['ec2-user', 'root']],
  [/suse|sles/, ['ec2-user', 'root']],
  [/oracle|\bol[789]\b/, ['ec2-user', 'opc']],
  [/freebsd/, ['ec2-user']],
  [/kali/, ['kali']],
  [/\barch/, ['arch']],
  [/alpine/, ['alpine']],
  [/nixos/, ['root']],
];

const DEFAULT = ['ec2-user'];

/** Login names to try, in this order; none for Windows. The image's name says more than the platform, which may be `Linux/UNIX`. */
export function osUsersFor({ platform = '', imageName = '' }: OsHints): readonly string[] {
  for (const text of [imageName, platform]) {
    const known = USERS.find(([pattern]) => pattern.test(text.toLowerCase()));
    if (known) return known[1];
  }
  return DEFAULT;
}

/** The likeliest login name; undefined for Windows. */
export function osUserFor(hints: OsHints): string | undefined {
  return osUsersFor(hints)[0];
}
