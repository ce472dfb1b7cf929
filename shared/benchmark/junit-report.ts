import type { RunReport, TrialReport } from './run-report.ts'

/** A report as JUnit XML: a suite for each scenario, a case for each trial; trials without a verdict are errors, those not begun skipped. */
export function junitReport(report: RunReport): string {
  const suites = report.scenarios.map(({ id, domain, trials, notRun }) => {
    const failures = trials.filter(trial => trial.outcome === 'failed').length
    const errors = trials.filter(trial => trial.verdict === null).length
    const seconds = trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0)
    const cases = [
      ...trials.map(trial => testCase(`${domain}.${id}`, trial)),
      ...notRun.map(trial => skippedCase(`${domain}.${id}`, trial, report)),
    ]
    return [
      `  <testsuite name="${escapeXml(id)}" tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="${notRun.length}" time="${seconds.toFixed(3)}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n')
  })
  const { passed, failed, infrastructure, cancelled, not_run: skipped } = report.totals
  const tests = passed + failed + infrastructure + cancelled + skipped
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeXml(`bourse ${report.runId}`)}" tests="${tests}" failures="${failed}" errors="${infrastructure + cancelled}" skipped="${skipped}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(classname: string, { trial, outcome, seconds, reasons, marketId }: TrialReport): string {
  const open = `    <testcase classname="${escapeXml(classname)}" name="trial ${trial}" time="${(seconds ?? 0).toFixed(3)}"`
  if (outcome === 'passed') return `${open}/>`
  const kind = outcome === 'failed' ? 'failure' : 'error'
  const message = escapeXml(reasons[0] ?? outcome)
  const text = escapeXml([...reasons, `market ${marketId}`].join('\n'))
  return `${open}>\n      <${kind} type="${outcome}" message="${message}">${text}</${kind}>\n    </testcase>`
}

function skippedCase(classname: string, trial: number, { manifest, cost }: RunReport): string {
  const message = escapeXml(`not begun: models cost ${cost}, and may cost ${manifest.maxCost}`)
  return `    <testcase classname="${escapeXml(classname)}" name="trial ${trial}" time="0">\n      <skipped message="${message}"/>\n    </testcase>`
}

/** Text as XML may hold it: control characters, which XML has no way to write, become question marks. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '?')
    .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
