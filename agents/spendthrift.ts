import { trade } from './trader.ts'

/** Bids far above everybody until nothing is left, and goes on bidding. */
await trade(() => ({
  bids: [{ amount: 65, bundle: { cpu: 0.3, memory: 0.3, attention: 0.2, durationSeconds: 1 } }],
}))
