/** Bids one credit many times in one agent's name, and prints how the verdicts count: `<url> <market> <agent> <bids>`. */
import { createDatabase } from '../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'

const BATCH = 100
const [url = '', marketId = '', agent = '', bids = '0'] = process.argv.slice(2)
const db = createDatabase(url, 'bid-flood', 2)
const economy = createPostgresEconomy(db, async () => {})

const counts: Record<string, number> = {}
for (let placed = 0; placed < Number(bids); placed += BATCH) {
  const bid = { amount: 1, bundle: { cpu: 0.01, durationSeconds: 60 } }
  const batch = Array.from({ length: BATCH }, () => ({ agent, bid, via: 'cli' as const, actor: 'test' }))
  for (const verdict of await economy.admitBids(marketId, batch)) {
    const code = verdict.ok ? 'ok' : verdict.error.code
    counts[code] = (counts[code] ?? 0) + 1
  }
}
process.stdout.write(JSON.stringify(counts))
await db.end()
