import { trade } from './trader.ts'

/** Bids, and changes its mind at once every other round. */
await trade(({ round, chance, admitted }) =>
  round % 2 === 1
    ? {
        bids: [
          {
            amount: 10 + Math.floor(chance('amount') * 10),
            bundle: { cpu: 0.2, tokens: 0.5, durationSeconds: 1 },
          },
          { amount: 1.5, bundle: { attention: 0.9, cpu: 0.6, durationSeconds: 1 }, goodTillCancelled: true },
        ],
      }
    : { cancels: admitted.slice(-1) },
)
