import { trade } from './trader.ts'

/** Asks for little and offers little: it wins what the others leave. */
await trade(({ chance }) => ({
  bids: [
    {
      amount: 2 + Math.floor(chance('amount') * 6),
      bundle: { cpu: 0.1, memory: 0.05, tokens: 0.1, durationSeconds: 1 },
    },
  ],
}))
