import type { Command } from 'commander'
import { readStackState, stackHome } from '../../shared/config/stack-state.ts'
import { readLlmStatus } from '../../shared/db/llm/llm-usage.ts'
import { formatMoney } from '../../shared/llm/money.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { renderFacts, renderTable } from '../show/table.ts'

/** `bourse llm`: calls to models. */
export function registerLlm(program: Command): void {
  const llm = program.command('llm').description('calls to models')
  llm
    .command('status')
    .description('upstreams and their circuits in each process, open reservations, the last hour')
    .option('--json', 'print one JSON document')
    .action((options: OutputOptions) =>
      runCommand(options, async servers => {
        const found = await readLlmStatus(servers.database())
        const status = {
          ok: true,
          llm: readStackState(stackHome())?.llm ?? null,
          circuits: found.circuits,
          openCalls: found.openCalls,
          reservedTokens: found.reservedTokens.toString(),
          overdueCalls: found.overdueCalls,
          lastHour: found.lastHour.map(one => ({
            ...one,
            chargedTokens: one.chargedTokens.toString(),
            cost: formatMoney(one.costMicro),
            costMicro: undefined,
          })),
          refusedLastHour: found.refusedLastHour,
        }
        await printAnswer(options, status, () => describe(status))
      }),
    )
}

interface StatusDocument {
  llm: string | null
  circuits: { processId: string; upstream: string; status: string; failures: number; changedAt: string }[]
  openCalls: number
  reservedTokens: string
  overdueCalls: number
  lastHour: { outcome: string; calls: number; chargedTokens: string; cost: string; medianMs: number }[]
  refusedLastHour: { code: string; calls: number; leases: number }[]
}

function describe(status: StatusDocument): string {
  const circuits = renderTable(
    ['upstream', 'circuit', { right: 'failures' }, 'since', 'process'],
    status.circuits.map(one => [
      one.upstream,
      one.status.replace('_', ' '),
      one.failures,
      one.changedAt,
      one.processId,
    ]),
  )
  return [
    renderFacts([
      ['address', status.llm],
      ['calls under way', status.openCalls],
      ['tokens set aside', status.reservedTokens],
      ['calls overdue', status.overdueCalls],
    ]),
    status.circuits.length === 0 ? 'No upstream is configured: docs/llm.md says how.\n' : circuits,
    renderTable(
      ['last hour', { right: 'calls' }, { right: 'tokens' }, { right: 'cost' }, { right: 'median ms' }],
      status.lastHour.map(one => [
        one.outcome,
        one.calls,
        one.chargedTokens,
        one.cost,
        Math.round(one.medianMs),
      ]),
    ),
    ...(status.refusedLastHour.length === 0
      ? []
      : [
          renderTable(
            ['refused in the last hour', { right: 'calls' }, { right: 'leases' }],
            status.refusedLastHour.map(one => [one.code, one.calls, one.leases]),
          ),
        ]),
  ].join('\n')
}
