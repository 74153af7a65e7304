// What Jest says of the fault matrix: nothing but failures. The line of each fault comes from the fault itself.
export default class FaultsReporter {
  onTestResult(_test, { testResults, failureMessage }) {
    if (failureMessage && testResults.every(({ status }) => status !== 'failed'))
      process.stderr.write(`${failureMessage}\n`);
    for (const { status, failureMessages } of testResults)
      if (status === 'failed') process.stderr.write(`\n${failureMessages.join('\n')}\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, startTime }) {
    const minutes = ((Date.now() - startTime) / 60_000).toFixed(1);
    process.stderr.write(`${numPassedTests} faults held, ${numFailedTests} did not, in ${minutes} min\n`);
  }
}
