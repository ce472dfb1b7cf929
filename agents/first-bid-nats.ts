// A first bid over NATS with Bourse's own client. Set NATS_URL, BOURSE_MARKET, BOURSE_AGENT and BOURSE_TOKEN, as
// `bourse agent add` prints them, and run: node setup/enter.mjs agents/first-bid-nats.ts
import { connectAgent } from 'bourse/agent'

function setting(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set: \`bourse agent add\` and \`bourse agent token\` print what to set`)
  return value
}

const agent = await connectAgent({
  servers: setting('NATS_URL'),
  marketId: setting('BOURSE_MARKET'),
  agent: setting('BOURSE_AGENT'),
  token: setting('BOURSE_TOKEN'),
})
// Everything that concerns this agent is told here; listen before bidding.
const notices = agent.notices()

const bundle = { cpu: 0.1, memory: 0.1, durationSeconds: 10 }
const quote = await agent.request('market.quote', { bundle })
if (!quote.ok) throw new Error(quote.error.message)
console.log(`the bundle costs ${quote.postedCost} at posted prices; at least ${quote.reserve} must be bid`)

const bid = await agent.request('market.bid', { amount: '25', bundle })
if (!bid.ok) throw new Error(`${bid.error.code}: ${bid.error.message}`)
console.log(`bid ${bid.bidId} is ${bid.status}; ${bid.held} credits are held for it`)

for await (const { kind, data } of notices) {
  if (data.bidId !== bid.bidId) continue
  if (kind === 'bid_outbid') console.log(`outbid in cycle ${data.cycle}; the credits are back`)
  else if (kind === 'lease_granted') console.log(`won: lease ${data.leaseId} until ${data.endsAt}`)
  else continue
  break
}
await agent.close()
