import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { Bus } from '../shared/bus/connect.ts'
import { HistoryDiverged } from '../shared/bus/find-stream-end.ts'
import { publishOutbox } from '../shared/bus/publish.ts'
import type { Outbox } from '../shared/events/outbox.ts'
import type { Logger } from '../shared/telemetry/log.ts'

/** What the `market` workflow has told to the world beside its clearing. */
export interface PublishActivities {
  publishEvents(input: { marketId: string }): Promise<{ publishedSeq: number }>
}

/** Without a new event for so long, publication ends and the market may sleep. */
const LINGER_MS = 1_000
const POLL_MS = 25

/** Makes the activity that publishes a market's events; Temporal decides which process runs it. */
export function createPublishActivities({
  bus,
  outbox,
  log,
}: {
  bus: Bus
  outbox: Outbox
  log: Logger
}): PublishActivities {
  return {
    async publishEvents({ marketId }) {
      // Progress is told from timers and acknowledgements, where there is no current activity to ask for.
      const activity = Context.current()
      const publishing = publishOutbox({
        bus,
        outbox,
        marketId,
        signal: activity.cancellationSignal,
        onProgress: seq => activity.heartbeat({ publishedSeq: seq }),
        onTrouble: problem => log.warn({ market: marketId, err: problem }, 'publication is held up'),
        lingerMs: LINGER_MS,
        pollMs: POLL_MS,
      })
      return await publishing.catch(error => {
        if (!(error instanceof HistoryDiverged)) throw error
        throw ApplicationFailure.nonRetryable(error.message, 'history_diverged')
      })
    },
  }
}
