import { setTimeout as delay } from 'node:timers/promises'
import { connectAgents } from './agents-requests.ts'

/**
 * One agent sending nonsense to the gateway at a steady rate. Arguments: market, requests per second, seconds. Prints how
 * many it sent.
 */
const [marketId = '', requestsPerSecond = '0', seconds = '0'] = process.argv.slice(2)
const SEND_EVERY_MS = 5
const NONSENSE = [
  '{"amount": "-1", "bundle": {"cpu": 0.1, "durationSeconds": 1}}',
  '{"amount": "1e9", "bundle": {"cpu": 0.1, "durationSeconds": 1}}',
  'bid',
  '{"amount": "5", "bundle": {"cpu": 0.1, "durationSeconds": 1}, "colour": "red"}',
  '{"amount": 5, "amount": 6}',
]

const market = await connectAgents(marketId)
const startedAt = performance.now()
let sent = 0
while (performance.now() - startedAt < Number(seconds) * 1000) {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * Number(requestsPerSecond)) - sent
  for (let count = 0; count < due; count++)
    market.send('a0', 'market.bid', NONSENSE[sent++ % NONSENSE.length]!)
  await delay(SEND_EVERY_MS)
}
await market.flush()
process.stdout.write(`${sent}\n`)
await market.close()
