// Spawns a child once it can afford one, and pays for its first lease. The child has this program and is a parent in turn.
import { connect } from 'nats'

const { NATS_URL, NATS_INBOX_PREFIX, BOURSE_TOKEN, BOURSE_MARKET, BOURSE_AGENT } = process.env
const OWN = `bourse.${BOURSE_MARKET}.agent.${BOURSE_AGENT}`
const CHILD = `${BOURSE_AGENT.slice(0, 50)}-child`
/** It keeps this much for itself. */
const KEEPS = 200
const GIVES = 50

const nats = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
const ask = async (operation, request) =>
  (await nats.request(`${OWN}.rpc.${operation}`, JSON.stringify(request), { timeout: 10_000 })).json()

const { available } = await ask('economic.get_balance', {})
if (Number(available) < KEEPS + GIVES) {
  console.log(`${available} credits are not enough for a child`)
} else {
  const born = await ask('social.spawn', {
    agent: CHILD,
    credits: String(GIVES),
    files: { 'inheritance.txt': `From ${BOURSE_AGENT}: spend less than you have.\n` },
    key: 'child',
  })
  console.log(
    born.ok
      ? `${born.agent} is born with ${born.credits} credits, for a fee of ${born.fee}`
      : born.error.message,
  )
  const bid = await ask('market.bid', {
    amount: '40',
    bundle: { cpu: 0.05, memory: 0.05, durationSeconds: 5 },
    onBehalfOf: CHILD,
    goodTillCancelled: true,
    key: 'first-lease',
  })
  console.log(bid.ok ? `bid ${bid.held} credits for its first lease` : bid.error.message)
}
await nats.drain()
