/** AWS's name of an error of IAM Identity Center, or the error's own; empty for what is no error. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Whether the service has answered and will answer the same again: no lost connection, no failure of its own, no throttling. */
export function isRefusal(error: unknown): boolean {
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 429;
}
