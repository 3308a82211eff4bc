// A process of its own for one folder of tests: node out/test/run/mocha.js FOLDER [--verbose] [--timeout MS] [--grep TEXT] [--files NAME,NAME]
// The totals go to the file that REPORT_FILE names in the environment.
import { parseArgs } from 'node:util';
import { REPORT_FILE } from './environment';
import { runSuite, testFilesBelow } from './suite';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: 'boolean', default: false },
    timeout: { type: 'string', default: '10000' },
    grep: { type: 'string' },
    files: { type: 'string' },
  },
});
const [folder] = positionals;
const report = process.env[REPORT_FILE];
if (!folder || !report) throw new Error(`usage: ${REPORT_FILE}=FILE mocha.js FOLDER`);

// No process.exit(): a test that leaves something open keeps the process alive, and the runner reports that.
void runSuite({
  files: testFilesBelow(folder, values.files?.split(',')),
  report,
  timeoutMs: Number(values.timeout),
  show: values.verbose ? 'everything' : 'failures',
  ...(values.grep && { grep: values.grep }),
}).then(({ failed, passed }) => {
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
});
