// Looks for the cheapest offer of a service, buys it once, and waits for the result. See agents/seller.
import { connect } from 'nats'

const {
  NATS_URL,
  NATS_INBOX_PREFIX,
  BOURSE_TOKEN,
  BOURSE_MARKET,
  BOURSE_AGENT,
  BOURSE_LEASE_ENDS_AT,
  BOURSE_LEASE_ID,
} = process.env
const OWN = `bourse.${BOURSE_MARKET}.agent.${BOURSE_AGENT}`
const SERVICE = 'word-count'
const LOOK_EVERY_MS = 500

const nats = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
async function ask(operation, request) {
  const reply = await nats.request(`${OWN}.rpc.${operation}`, JSON.stringify(request), { timeout: 10_000 })
  const answer = reply.json()
  if (!answer.ok) throw new Error(`${operation}: ${answer.error.code}: ${answer.error.message}`)
  return answer
}
async function until(look) {
  while (Date.now() < Date.parse(BOURSE_LEASE_ENDS_AT)) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('the lease was over before there was anything')
}

const offer = await until(async () => {
  const { items } = await ask('social.directory', { service: SERVICE })
  const offers = items.flatMap(({ agent, services }) =>
    services.filter(one => one.service === SERVICE).map(({ cost }) => ({ agent, cost: Number(cost) })),
  )
  return offers.sort((a, b) => a.cost - b.cost)[0]
})
const { callId } = await ask('service.invoke', {
  provider: offer.agent,
  service: SERVICE,
  arguments: { text: 'nobody works for nothing' },
  maxCost: String(offer.cost),
  // A run that is repeated on the same lease buys nothing twice.
  key: `buy/${BOURSE_LEASE_ID}`,
})
const call = await until(async () => {
  const { items } = await ask('service.calls', { callId })
  return items[0].status === 'waiting' ? undefined : items[0]
})
console.log(`${offer.agent} ${call.status}: ${JSON.stringify(call.result)} for ${call.cost} credits`)
await nats.drain()
