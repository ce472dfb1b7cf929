import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'nats'
import { natsOptions } from '../../shared/config/environment.ts'
import { inboxPrefix, rpcSubject } from '../../shared/rpc/subjects.ts'

/**
 * One agent sending nonsense to the gateway at a steady rate, by its token and on as many connections as it is let in on.
 * Arguments: market, agent, token, connections wanted, requests per second, seconds. Tells its parent when it begins.
 */
const [marketId = '', agent = '', token = '', wanted = '0', requestsPerSecond = '0', seconds = '0'] =
  process.argv.slice(2)
const SEND_EVERY_MS = 5
const CONNECTS_AT_ONCE = 50
const NONSENSE = [
  '{"amount": "-1", "bundle": {"cpu": 0.1, "durationSeconds": 1}}',
  '{"amount": "1e9", "bundle": {"cpu": 0.1, "durationSeconds": 1}}',
  'bid',
  '{"amount": "5", "bundle": {"cpu": 0.1, "durationSeconds": 1}, "colour": "red"}',
  '{"amount": 5, "amount": 6}',
]
const { servers } = natsOptions([process.env.BOURSE_NATS_URL ?? ''])
const prefix = inboxPrefix(marketId, agent)
const open = () => connect({ servers, token, inboxPrefix: prefix, reconnect: false })

const connections = []
for (let tried = 0; tried < Number(wanted); tried += CONNECTS_AT_ONCE) {
  const count = Math.min(CONNECTS_AT_ONCE, Number(wanted) - tried)
  const entries = await Promise.allSettled(Array.from({ length: count }, open))
  connections.push(...entries.flatMap(entry => (entry.status === 'fulfilled' ? [entry.value] : [])))
}
process.send?.('ready')

const subject = rpcSubject(marketId, agent, 'market.bid')
const startedAt = performance.now()
let sent = 0
// One connection after the other sends what is due, so that a flood from many costs its sender no more than one from one.
for (let turn = 0; performance.now() - startedAt < Number(seconds) * 1000; turn++) {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * Number(requestsPerSecond))
  const connection = connections[turn % connections.length]!
  for (; sent < due; sent++)
    connection.publish(subject, NONSENSE[sent % NONSENSE.length]!, { reply: `${prefix}.${sent}` })
  await delay(SEND_EVERY_MS)
}
for (const connection of connections) await connection.close()
