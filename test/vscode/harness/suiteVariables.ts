// How the runner speaks to the suite inside the extension host: through its environment.

/** Only tests whose full title contains this text. */
export const SUITE_GREP = 'SALLYPORT_TEST_GREP';
