import { setTimeout as delay } from 'node:timers/promises'
import { syntheticBid } from '../synthetic-bids.ts'
import { quantile } from '../timing.ts'
import { connectAgents } from './agents-requests.ts'

/**
 * Agents asking at an easy pace, one request at a time: bids, or looks at balances. Arguments: market, agents, requests,
 * operation. Prints the median and the 99th percentile of the time to an answer, in milliseconds.
 */
const [marketId = '', agents = '0', requests = '0', operation = ''] = process.argv.slice(2)
const PAUSE_MS = 3
const WARM_UP_REQUESTS = 100

const market = await connectAgents(marketId)
const times: number[] = []
for (let index = 1; index <= Number(requests) + WARM_UP_REQUESTS; index++) {
  const agent = `a${1 + (index % (Number(agents) - 1))}`
  const payload = operation === 'market.bid' ? JSON.stringify(syntheticBid(index, Number(agents)).bid) : '{}'
  const startedAt = performance.now()
  const answer = await market.ask(agent, operation, payload)
  if (index > WARM_UP_REQUESTS) times.push(performance.now() - startedAt)
  if (!answer.ok) throw new Error(`a request was refused: ${answer.error?.code}`)
  await delay(PAUSE_MS)
}
process.stdout.write(`${quantile(times, 0.5)} ${quantile(times, 0.99)}\n`)
await market.close()
