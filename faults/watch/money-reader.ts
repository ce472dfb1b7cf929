import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase } from '../../shared/db/pool.ts'
import { countRead, type MoneyRead, type MoneyTally, newMoneyTally } from './money-tally.ts'

/** Credits are summed up so often, all run long. */
const READ_INTERVAL_MS = 100
const READ_CONNECTIONS = 2

export interface MoneyReader {
  tally: MoneyTally
  stop(): Promise<void>
}

/** One statement is one snapshot: every sum of it is of the same moment. */
const READ = `
  select m.market_id,
         (select coalesce(sum(available_micro + held_micro), 0) from agents where market_id = m.market_id)::text as agents,
         (select coalesce(sum(held_micro), 0) from agents where market_id = m.market_id)::text as held,
         (select coalesce(min(least(available_micro, held_micro)), 0) from agents where market_id = m.market_id)::text
           as lowest,
         (select coalesce(sum(amount_micro), 0) from bids where market_id = m.market_id and status = 'pending')::text
           as open_bids,
         (select coalesce(sum(amount_micro), 0) from holds where market_id = m.market_id and status = 'held')::text
           as open_holds,
         (select -balance_micro from system_accounts where market_id = m.market_id and account = 'mint')::text as minted,
         (select balance_micro from system_accounts where market_id = m.market_id and account = 'burn')::text as burned,
         (select balance_micro from system_accounts where market_id = m.market_id and account = 'escrow')::text as escrow
    from markets m where m.market_id = any($1)`

/** Reads every market's sums again and again, straight from Postgres, until it is stopped. */
export function startMoneyReader(postgresUrl: string, markets: readonly string[]): MoneyReader {
  const db = createDatabase(postgresUrl, 'bourse faults reader', READ_CONNECTIONS)
  const tally = newMoneyTally()
  let isOver = false

  async function run() {
    while (!isOver) {
      try {
        const { rows } = await db.query(READ, [markets])
        for (const row of rows) countRead(tally, readOf(row))
      } catch {
        tally.unanswered += 1
      }
      await delay(READ_INTERVAL_MS)
    }
  }
  const running = run()
  return {
    tally,
    async stop() {
      isOver = true
      await running
      await db.end()
    },
  }
}

function readOf(row: Record<string, string>): MoneyRead {
  return {
    market: row.market_id!,
    atMs: Date.now(),
    agentsMicro: BigInt(row.agents!),
    heldMicro: BigInt(row.held!),
    lowestMicro: BigInt(row.lowest!),
    openBidsMicro: BigInt(row.open_bids!),
    openHoldsMicro: BigInt(row.open_holds!),
    mintedMicro: BigInt(row.minted!),
    burnedMicro: BigInt(row.burned!),
    escrowMicro: BigInt(row.escrow!),
  }
}
