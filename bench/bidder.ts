import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'
import { syntheticBid } from './synthetic-bids.ts'
import { quantile } from './timing.ts'

/**
 * Other agents bidding at an easy pace, from a process of its own. Arguments: market, agents, bids.
 * Prints the 99th percentile of the time to a verdict, in milliseconds.
 */
const [marketId = '', agents = '0', bids = '0'] = process.argv.slice(2)
const PAUSE_MS = 3
const WARM_UP_BIDS = 50

const db = createDatabase(process.env.BOURSE_POSTGRES_URL ?? '', 'bourse bench bidder', 2)
const economy = createPostgresEconomy(db, async () => {})
const times: number[] = []
for (let index = 1; index <= Number(bids) + WARM_UP_BIDS; index++) {
  const bid = { ...syntheticBid(index, Number(agents)), agent: `a${1 + (index % (Number(agents) - 1))}` }
  const startedAt = performance.now()
  const [verdict] = await economy.admitBids(marketId, [bid])
  if (index > WARM_UP_BIDS) times.push(performance.now() - startedAt)
  if (!verdict?.ok) throw new Error('a bid was refused')
  await delay(PAUSE_MS)
}
process.stdout.write(`${quantile(times, 0.99)}\n`)
await db.end()
