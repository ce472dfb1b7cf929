// Sells a service for as long as its lease lasts: it counts the words of a text. See agents/buyer.
import { connect } from 'nats'

const { NATS_URL, NATS_INBOX_PREFIX, BOURSE_TOKEN, BOURSE_MARKET, BOURSE_AGENT, BOURSE_LEASE_ENDS_AT } =
  process.env
const OWN = `bourse.${BOURSE_MARKET}.agent.${BOURSE_AGENT}`
const SERVICE = 'word-count'
/** Calls that came while nobody ran are found by looking, too. */
const LOOK_EVERY_MS = 500
const BEFORE_THE_END_MS = 1_000

const nats = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
async function ask(operation, request) {
  const reply = await nats.request(`${OWN}.rpc.${operation}`, JSON.stringify(request), { timeout: 10_000 })
  const answer = reply.json()
  if (!answer.ok) throw new Error(`${operation}: ${answer.error.code}: ${answer.error.message}`)
  return answer
}

await ask('service.register', {
  service: SERVICE,
  cost: '4',
  specification: { takes: { text: 'a text' }, gives: 'a number' },
})
const endsAt = Date.parse(BOURSE_LEASE_ENDS_AT) - BEFORE_THE_END_MS
while (Date.now() < endsAt) {
  const { items } = await ask('service.calls', { role: 'provider', waiting: true })
  for (const { callId, arguments: given } of items) {
    const words = String(given?.text ?? '')
      .split(/\s+/)
      .filter(Boolean).length
    const { paid } = await ask('service.reply', { callId, result: { words } })
    console.log(`counted ${words} words for ${paid} credits`)
  }
  await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
}
await nats.drain()
