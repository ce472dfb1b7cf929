/** Moves credits between agents by every way, at random, until it is killed: `<url> <market> <agent>...`. */

import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import { createDatabase } from '../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'

const CONNECTIONS = 4
const KEYS = 50
const [url = '', marketId = '', ...agents] = process.argv.slice(2)
const db = createDatabase(url, `bank-${marketId}`, CONNECTIONS)
const noHint = async () => {}
const economy = createPostgresEconomy(db, noHint)
const ledger = createPostgresLedger(db, noHint)

const below = (limit: number) => Math.floor(Math.random() * limit)
const anyAgent = () => agents[below(agents.length)]!
const anyMicro = () => BigInt(1 + below(20_000_000))
const anyKey = () => (below(2) === 0 ? null : `k${below(KEYS)}`)

async function transfer() {
  const amountMicro = anyMicro()
  await ledger.transfer({
    marketId,
    from: anyAgent(),
    to: anyAgent(),
    amountMicro,
    purpose: 'x',
    key: anyKey(),
  })
}

async function hold() {
  const placed = await ledger.placeHold({
    marketId,
    agent: anyAgent(),
    amountMicro: anyMicro(),
    ref: 'call',
    key: anyKey(),
  })
  if (!placed.ok) return
  const { holdId } = placed
  const settle = () => ledger.settleHold({ marketId, holdId, to: anyAgent() })
  const release = () => ledger.releaseHold({ marketId, holdId })
  await Promise.all([below(2) === 0 ? settle() : release(), below(2) === 0 ? settle() : release()])
}

async function bid() {
  const submissions = Array.from({ length: 1 + below(5) }, () => ({
    agent: anyAgent(),
    bid: {
      amount: 1 + below(10),
      bundle: { cpu: (1 + below(5)) / 10, durationSeconds: 1 },
      goodTillCancelled: below(4) === 0,
    },
    via: 'cli' as const,
    actor: 'test',
  }))
  for (const verdict of await economy.admitBids(marketId, submissions)) {
    if (verdict.ok && below(3) === 0) {
      await economy.cancelBid({ marketId, agent: anyAgent(), bidId: verdict.bidId })
    }
  }
}

async function cycle() {
  const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
  if (opened.ok) await economy.settleCycle(marketId, opened.cycle)
  await economy.tidyMarket(marketId)
}

async function grant() {
  await ledger.grant({ marketId, agent: anyAgent(), amountMicro: anyMicro(), reason: 'x', key: anyKey() })
}

const ways = [transfer, transfer, hold, hold, bid, bid, cycle, grant]
async function visitForever(): Promise<never> {
  for (;;) await ways[below(ways.length)]!()
}
await Promise.all(Array.from({ length: CONNECTIONS }, visitForever))
