import { bidsBySignal, bidsByUpdate, bidsStraight } from './bids.ts'
import { bidsOverNats } from './bids-over-nats.ts'
import { cancels } from './cancels.ts'
import { grants, holds, transfers } from './credits.ts'
import type { Load } from './load.ts'
import { cyclesByHand, pauses, steps, ticks } from './operators.ts'
import { prompts } from './prompts.ts'

/** Every way in that exists. */
export const LOADS: readonly Load[] = [
  bidsByUpdate,
  bidsBySignal,
  bidsStraight,
  bidsOverNats,
  cancels,
  transfers,
  grants,
  holds,
  prompts,
  pauses,
  steps,
  cyclesByHand,
  ticks,
]
