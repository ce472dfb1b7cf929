import { bidsBySignal, bidsByUpdate, bidsStraight } from './bids.ts'
import { bidsOverNats } from './bids-over-nats.ts'
import { cancels } from './cancels.ts'
import { grants, holds, transfers } from './credits.ts'
import { births, revivals, sleeps } from './lives.ts'
import type { Load } from './load.ts'
import { modelCalls } from './model-calls.ts'
import { cyclesByHand, pauses, steps, ticks } from './operators.ts'
import { prompts } from './prompts.ts'
import { revocations } from './revocations.ts'

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
  modelCalls,
  births,
  sleeps,
  revivals,
  revocations,
  pauses,
  steps,
  cyclesByHand,
  ticks,
]
