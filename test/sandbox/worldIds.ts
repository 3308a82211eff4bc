/** The 17 hexadecimal digits of an id: the third letter on tells the VPC, the last ones which of its things. */
export function hex(vpcNumber: number, rest: string): string {
  return `0${'abcdef123456'[vpcNumber - 1]}${`${vpcNumber}${rest}`.padStart(15, '0')}`;
}
