import { trade } from './trader.ts'

/** Sends several alternatives in one signal, from dear and large to cheap and small. */
await trade(({ chance }) => {
  const amount = 12 + Math.floor(chance('amount') * 10)
  return {
    bids: [
      { amount, bundle: { cpu: 0.35, memory: 0.2, tokens: 0.4, durationSeconds: 1 } },
      { amount: amount / 2, bundle: { cpu: 0.15, memory: 0.1, tokens: 0.2, durationSeconds: 1 } },
      { amount: amount / 4, bundle: { cpu: 0.05, memory: 0.05, tokens: 0.1, durationSeconds: 2 } },
    ],
  }
})
