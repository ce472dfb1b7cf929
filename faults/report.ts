import { renderTable } from '../cli/show/table.ts'
import { percentile, recoveryOf } from './checks/recovery.ts'
import type { RunReport } from './run-faults.ts'

/** The report as people read it. */
export function renderReport(report: RunReport): string {
  const { seed, seconds, waves, evidence, checks, ok } = report
  const injected = evidence.faults.filter(fault => fault.injectedMs !== null)
  const { cycleMs, bidMs } = recoveryOf(evidence)
  const problems = checks.flatMap(check =>
    check.ok ? [] : [`\n${check.name}:\n`, ...check.problems.map(problem => `  ${problem}\n`)],
  )
  return [
    `\nSeed ${seed}: ${injected.length} faults in ${waves} waves, ${(seconds / 60).toFixed(1)} minutes.\n\n`,
    renderTable(
      ['fault', { right: 'injected' }, { right: 'missed' }],
      byKind(report).map(({ kind, injected: hit, missed }) => [kind, hit, missed]),
    ),
    '\n',
    renderTable(
      ['load', { right: 'attempted' }, { right: 'acknowledged' }, { right: 'refused' }, { right: 'unknown' }],
      byLoad(report),
    ),
    '\n',
    renderTable(
      ['check', 'holds'],
      checks.map(check => [check.name, check.ok ? 'yes' : 'no']),
    ),
    '\n',
    ...checks.map(check => `${check.name}:\n  ${counted(check.counts)}\n`),
    `\nFrom the healing of a fault to the next settled cycle of every market: p50 ${percentile(cycleMs, 50)} ms, ` +
      `p99 ${percentile(cycleMs, 99)} ms;\nto the next acknowledged bid: p50 ${percentile(bidMs, 50)} ms, ` +
      `p99 ${percentile(bidMs, 99)} ms.\n`,
    ...problems,
    ok ? '\nEverything held.\n' : '\nNOT everything held.\n',
  ].join('')
}

/** The report as a program reads it; what was read of the markets is left out. */
export function reportDocument(report: RunReport): object {
  const { seed, startedAt, seconds, waves, evidence, checks, ok } = report
  const { cycleMs, bidMs } = recoveryOf(evidence)
  return {
    ok,
    seed,
    startedAt,
    seconds,
    waves,
    faultsByKind: byKind(report),
    loads: byLoad(report).map(([load, attempted, acknowledged, refused, unknown]) => ({
      load,
      attempted,
      acknowledged,
      refused,
      unknown,
    })),
    checks,
    recoveryMs: {
      cycle: { p50: percentile(cycleMs, 50), p99: percentile(cycleMs, 99) },
      bid: { p50: percentile(bidMs, 50), p99: percentile(bidMs, 99) },
    },
    faults: evidence.faults,
    strangeDeaths: evidence.strangeDeaths,
  }
}

function byKind({ evidence: { faults } }: RunReport) {
  const named = Map.groupBy(faults, fault =>
    'point' in fault.detail ? `${fault.kind} ${fault.detail.point} ${fault.detail.signal}` : fault.kind,
  )
  return [...named]
    .map(([kind, all]) => {
      const injected = all.filter(fault => fault.injectedMs !== null).length
      return { kind, injected, missed: all.length - injected }
    })
    .sort((a, b) => (a.kind < b.kind ? -1 : 1))
}

function byLoad({ evidence: { operations } }: RunReport): [string, number, number, number, number][] {
  return [...Map.groupBy(operations, operation => operation.load)].map(([load, all]) => {
    const ended = (outcome: string) => all.filter(operation => operation.outcome === outcome).length
    return [load, all.length, ended('acknowledged'), ended('refused'), ended('unknown')]
  })
}

function counted(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
