import { trade } from './trader.ts'

/** Wants a large share, and pays for it. */
await trade(({ chance }) => ({
  bids: [
    {
      amount: 30 + Math.floor(chance('amount') * 20),
      bundle: { cpu: 0.45, memory: 0.4, durationSeconds: 1 },
    },
  ],
}))
