// Asks a person to look at something, on a lease with attention, and leaves: the prompt waits for as long as it takes.
import { connect } from 'nats'

const { NATS_URL, NATS_INBOX_PREFIX, BOURSE_TOKEN, BOURSE_MARKET, BOURSE_AGENT, BOURSE_LEASE_ID } =
  process.env
const OWN = `bourse.${BOURSE_MARKET}.agent.${BOURSE_AGENT}`

const nats = await connect({ servers: NATS_URL, token: BOURSE_TOKEN, inboxPrefix: NATS_INBOX_PREFIX })
const ask = async (operation, request) =>
  (await nats.request(`${OWN}.rpc.${operation}`, JSON.stringify(request), { timeout: 10_000 })).json()

const prompt = await ask('attention.prompt', {
  text: 'A market that clears once a second: too fast for you, or just right?',
  amount: '10',
  key: `prompt/${BOURSE_LEASE_ID}`,
})
console.log(
  prompt.ok
    ? `prompt ${prompt.promptId} waits, with ${prompt.escrowed} credits in escrow`
    : prompt.error.message,
)
await nats.drain()
