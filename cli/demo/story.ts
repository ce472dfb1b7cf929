import { formatCredits } from '../../shared/money/credits.ts'
import type { VerifyReport } from '../../shared/verify/verify.ts'
import { colours } from '../show/colours.ts'
import { renderTable } from '../show/table.ts'
import { type AgentTally, meanUtilisation, pricePaid, revenueMicro, type Tally } from './tally.ts'

type Cycle = Tally['cycles'][number]

const COLUMNS = [
  ['cycle', 5],
  ['won', 4],
  ['outbid', 6],
  ['waiting', 7],
  ['credits paid', 12],
  ['lowest win', 10],
  ['cpu', 6],
  ['memory', 6],
  ['tokens', 6],
  ['attention', 9],
] as const

/** The heading over the rows of `cycleRow`. */
export function cycleHeading(): string {
  return `${colours.bold(COLUMNS.map(([name, width]) => name.padStart(width)).join('  '))}\n`
}

/** One cycle as a row: who won and lost, what was paid, how full each resource is. */
export function cycleRow(cycle: Cycle): string {
  const percent = (resource: string) => `${Math.round((cycle.utilisation[resource] ?? 0) * 100)} %`
  const cells = [
    cycle.cycle,
    cycle.winners,
    cycle.losers,
    cycle.left_waiting,
    cycle.revenue,
    cycle.cutoff_score === null ? '-' : formatCredits(BigInt(cycle.cutoff_score)),
    percent('cpu'),
    percent('memory'),
    percent('tokens'),
    percent('attention'),
  ]
  return `${cells.map((cell, place) => String(cell).padStart(COLUMNS[place]![1])).join('  ')}\n`
}

/** News between the cycles. */
export function newsRow(news: string): string {
  return `${colours.dim(`       -- ${news}`)}\n`
}

/** Who won what at which price, and what became of the rest. */
export function summary(tally: Tally, habitOf: (agent: string) => string): string {
  const agents = [...tally.agents.values()].sort((a, b) => (a.paidMicro < b.paidMicro ? 1 : -1))
  const table = renderTable(
    [
      'agent',
      'habit',
      { right: 'bids' },
      { right: 'won' },
      { right: 'outbid' },
      { right: 'cancelled' },
      { right: 'refused' },
      { right: 'credits paid' },
      { right: 'paid per capacity-second' },
      { right: 'credits left' },
    ],
    agents.map(agent => [
      agent.agent,
      habitOf(agent.agent),
      agent.bids,
      agent.won,
      agent.outbid,
      agent.cancelled,
      agent.refused,
      formatCredits(agent.paidMicro),
      pricePaid(agent),
      formatCredits(agent.endowedMicro - agent.paidMicro),
    ]),
  )
  const full = Object.entries(meanUtilisation(tally)).map(
    ([resource, fraction]) => `${resource} ${Math.round(fraction * 100)} %`,
  )
  const refusals = [...tally.refusals].map(([reason, times]) => `${reason} ${times}`).join(', ')
  return [
    table,
    `${tally.cycles.length} cycles, revenue ${formatCredits(revenueMicro(tally))} credits, mean utilisation ${full.join(', ')}.`,
    `${total(agents, 'won')} bids won, ${total(agents, 'outbid')} were outbid, ${total(agents, 'cancelled')} cancelled, ` +
      `${total(agents, 'refused')} refused (${refusals || 'none'}), ${tally.leasesEnded} leases ended; posted prices moved ${tally.pricesMoved} times.`,
    `${tally.modelCalls.answered} calls to the model were answered, ${tally.modelCalls.refused} refused and ` +
      `${tally.modelCalls.failed} failed; its circuit opened ${times(tally.circuits.opened)} and closed ${times(tally.circuits.closed)}.`,
    '',
  ].join('\n')
}

/** What the audit found, check by check. */
export function audit(report: VerifyReport): string {
  const lines = report.checks.map(check =>
    check.ok
      ? `${colours.green('✓')} ${check.name} (${check.checked})`
      : `${colours.red('✗')} ${check.name}: ${check.detail}`,
  )
  return `${lines.join('\n')}\n`
}

function times({ length }: readonly unknown[]): string {
  return length === 1 ? 'once' : `${length} times`
}

function total(agents: AgentTally[], what: 'won' | 'outbid' | 'cancelled' | 'refused'): number {
  return agents.reduce((sum, agent) => sum + agent[what], 0)
}
