// count-tests.mjs REPORT STATUS: prints "PASSED FAILED" from the JSON report of the test run. A test file that could not
// be loaded counts as one failure, and so does a run that failed, or ran nothing, without naming a failed test.
import { readFileSync } from 'node:fs';

const [file, status] = process.argv.slice(2);
let report = { testResults: [] };
try {
  report = JSON.parse(readFileSync(file, 'utf8'));
} catch {
  process.stderr.write('the test run wrote no report\n');
}
const tests = report.testResults.flatMap((suite) => suite.assertionResults);
const count = (state) => tests.filter((test) => test.status === state).length;
const brokenFiles = report.testResults.filter(
  (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
);
const passed = count('passed');
let failed = count('failed') + brokenFiles.length;
if (failed === 0 && (status !== '0' || passed === 0)) failed = 1;
const left = tests.length - passed - count('failed');
if (left > 0) process.stderr.write(`${left} tests were skipped\n`);
process.stdout.write(`${passed} ${failed}\n`);
