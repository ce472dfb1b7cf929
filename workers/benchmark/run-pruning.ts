import { type PrunedRun, pruneRun, type RunPruning } from '../../shared/benchmark/prune-runs.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import { deadLetterStreamName } from '../../shared/bus/dead-letters.ts'
import { deleteNamedStream, streamName } from '../../shared/bus/stream.ts'
import { removeMarket } from '../../shared/db/benchmark/remove-market.ts'
import { createPostgresRuns } from '../../shared/db/benchmark/scenario-runs.ts'
import { listLeases } from '../../shared/db/leases/list-leases.ts'
import type { Database } from '../../shared/db/pool.ts'
import type { Economy } from '../../shared/economy/economy.ts'
import type { Identity } from '../../shared/identity/identity.ts'
import type { Logger } from '../../shared/telemetry/log.ts'
import { doRounds } from '../do-rounds.ts'

/** What removes the markets of runs, from Postgres and from NATS. */
export function createRunPruning(parts: {
  db: Database
  bus: Bus
  economy: Economy
  identity: Identity
}): RunPruning {
  const { db, bus, economy, identity } = parts
  return {
    economy,
    identity,
    store: createPostgresRuns(db),
    listLeases: async (marketId, limit) =>
      (await listLeases(db, marketId, limit)).map(({ leaseId }) => leaseId),
    removeMarket: marketId => removeMarket(db, marketId),
    async deleteStreams(marketId) {
      await deleteNamedStream(bus, streamName(marketId))
      await deleteNamedStream(bus, deadLetterStreamName(marketId))
    },
  }
}

const LOOK_INTERVAL_MS = 600_000
/** A market that is closing is closed within moments. */
const LOOK_AGAIN_MS = 5_000
const RUNS_AT_ONCE = 10

/** Until `signal` aborts, removes the markets of runs that were over `days` ago. Several workers do not meet. */
export function pruneOldRuns(
  pruning: RunPruning,
  days: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  return doRounds(
    {
      round: createPruningRound(pruning, days, log, signal),
      trouble: 'old benchmark runs could not be looked for; it is tried again',
      afterTroubleMs: LOOK_INTERVAL_MS,
      log,
    },
    signal,
  )
}

/** Each round prunes the next few runs, in the order of their ids; those that cannot go yet hold up no others. */
export function createPruningRound(
  pruning: RunPruning,
  days: number,
  log: Logger,
  signal: AbortSignal,
): () => Promise<number> {
  let afterRunId = ''
  return async () => {
    const runIds = await pruning.store.listPrunable(days, afterRunId, RUNS_AT_ONCE)
    afterRunId = runIds.length === RUNS_AT_ONCE ? runIds.at(-1)! : ''
    const pruned = await pruneEach(pruning, runIds, log, signal)
    if (pruned.length > 0) log.info({ runs: pruned }, 'markets of old benchmark runs were removed')
    const isMoreLeft = afterRunId !== '' || pruned.some(run => run.waiting > 0)
    return isMoreLeft ? LOOK_AGAIN_MS : LOOK_INTERVAL_MS
  }
}

async function pruneEach(
  pruning: RunPruning,
  runIds: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<PrunedRun[]> {
  const pruned: PrunedRun[] = []
  for (const runId of runIds) {
    if (signal.aborted) break
    try {
      const outcome = await pruneRun(pruning, runId)
      if (outcome.ok) pruned.push(outcome)
    } catch (error) {
      log.warn(
        { err: error, run: runId },
        'markets of an old benchmark run could not be removed; it is tried again',
      )
    }
  }
  return pruned
}
