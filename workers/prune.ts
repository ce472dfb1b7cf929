import type { RetentionEnvironment } from '../shared/config/retention-environment.ts'
import { pruneLlmCalls } from '../shared/db/llm/prune-llm-calls.ts'
import type { Database } from '../shared/db/pool.ts'
import { MAX_PRUNED_AT_ONCE, pruneOperations } from '../shared/db/prune-operations.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { doRounds } from './do-rounds.ts'

const PRUNE_INTERVAL_MS = 600_000
/** Between two batches others get their turn at the disk. */
const PAUSE_BETWEEN_BATCHES_MS = 200

/** Until `signal` aborts, removes what need not be kept longer, in small batches. Several workers do not meet. */
export function pruneOldRows(
  db: Database,
  retention: RetentionEnvironment,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  return doRounds(
    {
      async round() {
        const outcomes = await pruneOperations(db, retention.operationsDays)
        const calls = await pruneLlmCalls(db, retention.llmCallsDays)
        if (outcomes + calls > 0) log.debug({ outcomes, calls }, 'old rows were removed')
        const isMoreLeft = Math.max(outcomes, calls) >= MAX_PRUNED_AT_ONCE
        return isMoreLeft ? PAUSE_BETWEEN_BATCHES_MS : PRUNE_INTERVAL_MS
      },
      trouble: 'old rows could not be removed; it is tried again',
      afterTroubleMs: PRUNE_INTERVAL_MS,
      log,
    },
    signal,
  )
}
