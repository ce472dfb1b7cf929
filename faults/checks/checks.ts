import type { Check } from '../evidence.ts'
import {
  acknowledgedBids,
  acknowledgedCancels,
  acknowledgedCredits,
  acknowledgedHolds,
  signalledBids,
} from './acknowledged.ts'
import { acknowledgedCycles, acknowledgedTicks, cycleGaps } from './cycles.ts'
import { eventsAtCollector, eventsInStream } from './events.ts'
import { executionsOnce } from './executions.ts'
import { chargedOnce, idempotency } from './idempotency.ts'
import { asleepOnWork, strangeDeaths, verified } from './liveness.ts'
import { moneyAtEveryRead, stuckHolds } from './money.ts'
import { promptsOnce } from './prompts.ts'
import { recovers } from './recovery.ts'
import { acknowledgedStatus } from './status.ts'
import { overAllocation } from './supply.ts'

/** Everything that must hold, in the order it is told. */
export const CHECKS: readonly Check[] = [
  acknowledgedBids,
  signalledBids,
  acknowledgedCancels,
  acknowledgedCredits,
  acknowledgedHolds,
  promptsOnce,
  executionsOnce,
  idempotency,
  chargedOnce,
  moneyAtEveryRead,
  stuckHolds,
  overAllocation,
  cycleGaps,
  acknowledgedCycles,
  acknowledgedTicks,
  acknowledgedStatus,
  eventsInStream,
  eventsAtCollector,
  asleepOnWork,
  strangeDeaths,
  recovers,
  verified,
]
