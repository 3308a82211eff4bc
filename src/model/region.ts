// Region codes are letters and digits in groups (eu-central-1, us-gov-west-1, us-isob-east-1).
const REGION = /^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$/;

/** Whether the text has the form of a region code; it becomes part of host names. */
export function isRegionCode(text: string): boolean {
  return REGION.test(text);
}
