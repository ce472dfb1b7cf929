import type { Command } from 'commander'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import {
  type BidPlace,
  type ListedBid,
  listAgentBids,
  listMarketBids,
} from '../../shared/db/bids/list-bids.ts'
import { formatHistoryPlace, readHistoryPlace } from '../../shared/db/ledger/read-history.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { note, type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeBundle } from '../show/describe-bundle.ts'
import { renderTable } from '../show/table.ts'

type BidsOptions = OutputOptions & { limit: number; before?: string; open?: boolean }

/** `bourse bids`: the newest bids of a market or of one agent. */
export function registerBids(program: Command): void {
  program
    .command('bids <market> [agent]')
    .description('bids, newest first: of a market, or those one agent pays for')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--before <cursor>', 'go on where an earlier page ended')
    .option('--open', 'of a market: only those still in the book')
    .option('--json', 'print one JSON document')
    .action((marketId: string, agent: string | undefined, options: BidsOptions) =>
      runCommand(options, async servers => {
        const before = readPlace(options.before)
        if (options.open && agent !== undefined) {
          throw wrongUsage('--open: goes with a market alone, without an agent', 'open')
        }
        const db = servers.database()
        // One more than asked, to know whether anything is left.
        const wanted = options.limit + 1
        let found: ListedBid[]
        if (agent === undefined) {
          acceptedOrRefused(await servers.economy().findMarket(marketId))
          found = await listMarketBids(db, marketId, wanted, { before, open: options.open ?? false })
        } else {
          const { agentId } = acceptedOrRefused(await findAgentId(db, marketId, agent))
          found = await listAgentBids(db, marketId, agentId, wanted, before)
        }
        const items = found.slice(0, options.limit)
        const next = found.length > options.limit ? formatPlace(items.at(-1)!) : null
        await printAnswer(options, { ok: true, marketId, items, next }, () => bidTable(items))
        if (next !== null && !options.json) note(`More: --before ${next}`)
      }),
    )
}

function readPlace(word: string | undefined): BidPlace | undefined {
  if (word === undefined) return undefined
  const place = readHistoryPlace(word)
  if (place === null) throw wrongUsage('--before: is not a cursor that an earlier page gave', 'before')
  return place
}

function formatPlace({ timestamp, bidId }: ListedBid): string {
  return formatHistoryPlace({ timestamp, bidId, id: '0' })
}

function bidTable(bids: readonly ListedBid[]): string {
  return renderTable(
    ['placed', 'bid', 'payer', 'for', { right: 'amount' }, 'bundle', 'status', { right: 'cycle' }, 'via'],
    bids.map(bid => [
      bid.timestamp,
      bid.bidId,
      bid.payer,
      bid.beneficiary === bid.payer ? '' : bid.beneficiary,
      bid.amount,
      describeBundle(bid.bundle),
      bid.status,
      bid.cycle,
      bid.via,
    ]),
  )
}
