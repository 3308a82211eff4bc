// What of the surrounding environment is handed on.

// A developer's own account, editor and agent must neither help nor hurt a test.
const PRIVATE = /^(AWS_|npm_|VSCODE_|ELECTRON_|SSH_|REDISCLI_AUTH$|EXTENSIONS_GALLERY$|INIT_CWD$)/i;
// What npm tells a script about the package it runs for; a nested npm must not take it for its own.
const OF_THE_PACKAGE = /^(npm_package_|npm_lifecycle_|npm_config_local_prefix$|INIT_CWD$)/i;

/** Marks every process of a stage, so that what it leaves running is found. */
export const RUN_MARK = 'SALLYPORT_TEST_RUN';
/** Where a mocha run writes its totals. */
export const REPORT_FILE = 'SALLYPORT_TEST_REPORT';

/** For tests and for the programs they start: without credentials or configuration of the person who runs them. */
export function testEnvironment(base: NodeJS.ProcessEnv, additions: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...without(base, PRIVATE), AWS_EC2_METADATA_DISABLED: 'true', ...additions };
}

/** For `npm` in another folder: registry, proxy and certificates stay as they are configured. */
export function npmEnvironment(base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return without(base, OF_THE_PACKAGE);
}

/** An empty home, so that no `~/.aws`, `~/.ssh` or VS Code profile is found, and a folder for temporary files. */
export function privateEnvironment(home: string, temporary: string): NodeJS.ProcessEnv {
  return {
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: undefined,
    XDG_DATA_HOME: undefined,
    XDG_STATE_HOME: undefined,
    TMPDIR: temporary,
    TEMP: temporary,
    TMP: temporary,
  };
}

function without(base: NodeJS.ProcessEnv, names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(base).filter(([name]) => !names.test(name)));
}
