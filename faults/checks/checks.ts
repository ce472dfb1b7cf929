import type { Check } from '../evidence.ts'
import {
  acknowledgedBids,
  acknowledgedCancels,
  acknowledgedCredits,
  acknowledgedHolds,
  births,
  revivals,
  signalledBids,
} from './acknowledged.ts'
import { acknowledgedCycles, acknowledgedTicks, cycleGaps } from './cycles.ts'
import { eventsAtCollector, eventsInStream } from './events.ts'
import { executionsOnce } from './executions.ts'
import { chargedOnce, idempotency } from './idempotency.ts'
import { revokedLeases } from './leases.ts'
import { asleepOnWork, strangeDeaths, verified } from './liveness.ts'
import { modelCallsOnce } from './model-calls.ts'
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
  births,
  revivals,
  revokedLeases,
  promptsOnce,
  executionsOnce,
  modelCallsOnce,
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
