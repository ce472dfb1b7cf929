import { connect } from 'nats'
import { natsOptions } from '../../shared/config/environment.ts'
import { inboxPrefix, rpcSubject } from '../../shared/rpc/subjects.ts'
import { syntheticBid } from '../synthetic-bids.ts'

/**
 * Bids of many agents over NATS, so many unanswered at a time; each must be admitted. Arguments: market, agents, bids,
 * unanswered. Prints bids per second. It does no more for each than it must: it shares the machine with what it measures.
 */
const [marketId = '', agents = '0', bids = '0', unanswered = '0'] = process.argv.slice(2)
const ADMITTED = '{"ok":true'

const requests = Array.from({ length: Number(bids) }, (_, index) => {
  const { agent, bid } = syntheticBid(index, Number(agents))
  const subject = rpcSubject(marketId, agent, 'market.bid')
  return { subject, payload: Buffer.from(JSON.stringify(bid)), reply: `${inboxPrefix(marketId, agent)}.1` }
})
const connection = await connect(natsOptions([process.env.BOURSE_NATS_URL ?? '']))
const { promise: answered, resolve, reject } = Promise.withResolvers<void>()
let sent = 0
let admitted = 0

function sendNext(): void {
  const request = requests[sent++]
  if (request !== undefined) connection.publish(request.subject, request.payload, { reply: request.reply })
}

connection.subscribe(`_INBOX.${marketId}.>`, {
  callback: (_error, { data }) => {
    const answer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    if (answer.toString('latin1', 0, ADMITTED.length) !== ADMITTED) reject(new Error(answer.toString()))
    admitted += 1
    if (admitted === requests.length) resolve()
    sendNext()
  },
})
await connection.flush()
const startedAt = performance.now()
for (let count = 0; count < Number(unanswered); count++) sendNext()
await answered
process.stdout.write(`${(requests.length / (performance.now() - startedAt)) * 1000}\n`)
await connection.close()
