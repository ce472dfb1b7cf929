import { type Command, Option } from 'commander'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import {
  formatHistoryPlace,
  type HistoryItem,
  type HistoryKind,
  readHistory,
  readHistoryPlace,
} from '../../shared/db/ledger/read-history.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { note, type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeBundle } from '../show/describe-bundle.ts'
import { type Cell, renderTable } from '../show/table.ts'

type HistoryOptions = OutputOptions & { limit: number; before?: string; only?: 'bids' | 'transactions' }

const KINDS: Record<string, HistoryKind> = { bids: 'bid', transactions: 'transaction' }

/** `bourse history`: what happened to an agent's credits and bids. */
export function registerHistory(program: Command): void {
  program
    .command('history <market> <agent>')
    .description("an agent's transactions and bids, newest first, in pages")
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--before <cursor>', 'go on where an earlier page ended')
    .addOption(new Option('--only <kind>', 'leave out the other kind').choices(Object.keys(KINDS)))
    .option('--json', 'print one JSON document')
    .action((marketId: string, agent: string, options: HistoryOptions) =>
      runCommand(options, async servers => {
        const before = options.before === undefined ? undefined : readHistoryPlace(options.before)
        if (before === null) throw wrongUsage('--before: is not a cursor that an earlier page gave', 'before')
        const { agentId } = acceptedOrRefused(await findAgentId(servers.database(), marketId, agent))
        const only = options.only === undefined ? undefined : KINDS[options.only]
        const page = await readHistory(servers.database(), { marketId, agentId }, options.limit, {
          before,
          only,
        })
        const next = page.next === null ? null : formatHistoryPlace(page.next)
        await printAnswer(options, { ok: true, marketId, agent, items: page.items, next }, () =>
          renderTable(
            ['at', 'what', { right: 'credits' }, { right: 'balance after' }, 'details', 'id'],
            page.items.map(historyRow),
          ),
        )
        if (next !== null && !options.json) note(`More: --before ${next}`)
      }),
    )
}

function historyRow(item: HistoryItem): Cell[] {
  if (item.kind === 'transaction') {
    return [item.timestamp, item.purpose, item.amount, item.balanceAfter, item.ref, item.id]
  }
  const status = item.cycle === null ? item.status : `${item.status} in cycle ${item.cycle}`
  return [item.timestamp, 'bid', item.amount, '', `${describeBundle(item.bundle)}: ${status}`, item.bidId]
}
