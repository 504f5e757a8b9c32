// What a run of Vitest came to, from the file of its JSON reporter and its exit status.
import { readFileSync } from 'node:fs';

/**
 * Tests passed and failed. One failed stands for what is no test: a file that did not load, an error outside of any test, no test at
 * all, a run that did not come to its report.
 */
export function readReport(path, status) {
  try {
    const { numPassedTests: passed, numFailedTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
    const unloaded = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    );
    const failed = numFailedTests + unloaded.length;
    return { passed, failed: failed || Number(status !== 0 || passed === 0) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
