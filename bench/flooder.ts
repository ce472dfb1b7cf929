import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase } from '../shared/db/pool.ts'
import { createPostgresEconomy } from '../shared/db/postgres-economy.ts'

/**
 * One agent offering invalid bids to the admission function at a steady rate, from a process of its own.
 * Arguments: market, bids per second, seconds. Prints how many it offered.
 */
const [marketId = '', bidsPerSecond = '0', seconds = '0'] = process.argv.slice(2)
const BATCH_EVERY_MS = 5
const NONSENSE = [
  { amount: '-1', bundle: { cpu: 0.1, durationSeconds: 1 } },
  { amount: '1e9', bundle: { cpu: 0.1, durationSeconds: 1 } },
  { bundle: {} },
  'bid',
  { amount: '5', bundle: { cpu: 0.1, durationSeconds: 1 }, colour: 'red' },
]

const db = createDatabase(process.env.BOURSE_POSTGRES_URL ?? '', 'bourse bench flooder', 2)
const economy = createPostgresEconomy(db, async () => {})
const startedAt = performance.now()
let offered = 0
while (performance.now() - startedAt < Number(seconds) * 1000) {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * Number(bidsPerSecond)) - offered
  const size = Math.min(due, 1_000)
  if (size > 0) {
    const bids = Array.from({ length: size }, (_, place) => ({
      agent: 'a0',
      bid: NONSENSE[place % NONSENSE.length],
      via: 'cli' as const,
      actor: 'flooder',
    }))
    await economy.admitBids(marketId, bids)
    offered += size
  }
  await delay(BATCH_EVERY_MS)
}
process.stdout.write(`${offered}\n`)
await db.end()
