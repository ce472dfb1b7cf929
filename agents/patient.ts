import { trade } from './trader.ts'

const BID_EVERY_ROUNDS = 4

/** Leaves a low bid standing until it wins, and takes the oldest back when it stood for too long. */
await trade(({ round, admitted }) =>
  round % BID_EVERY_ROUNDS === 1
    ? {
        bids: [{ amount: 9, bundle: { cpu: 0.3, memory: 0.3, durationSeconds: 2 }, goodTillCancelled: true }],
        cancels: admitted.slice(-1),
      }
    : {},
)
