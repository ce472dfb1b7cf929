import { setTimeout as delay } from 'node:timers/promises'
import type { RetentionEnvironment } from '../shared/config/retention-environment.ts'
import type { Database } from '../shared/db/pool.ts'
import { MAX_PRUNED_AT_ONCE, pruneOperations } from '../shared/db/prune-operations.ts'
import type { Logger } from '../shared/telemetry/log.ts'

const PRUNE_INTERVAL_MS = 600_000
/** Between two batches others get their turn at the disk. */
const PAUSE_BETWEEN_BATCHES_MS = 200

/** Until `signal` aborts, removes what need not be kept longer, in small batches. Several workers do not meet. */
export async function pruneOldRows(
  db: Database,
  retention: RetentionEnvironment,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let pruned = MAX_PRUNED_AT_ONCE
    try {
      pruned = await pruneOperations(db, retention.operationsDays)
      if (pruned > 0) log.debug({ pruned }, 'old outcomes were removed')
    } catch (error) {
      log.warn({ err: error }, 'old outcomes could not be removed; it is tried again')
      pruned = 0
    }
    const waitMs = pruned < MAX_PRUNED_AT_ONCE ? PRUNE_INTERVAL_MS : PAUSE_BETWEEN_BATCHES_MS
    await delay(waitMs, undefined, { signal }).catch(() => {})
  }
}
