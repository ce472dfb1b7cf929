import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity'
import type { Bus } from '../shared/bus/connect.ts'
import type { Database } from '../shared/db/pool.ts'

/** What the `market` workflow has told to the world beside its clearing. */
export interface PublishActivities {
  publishEvents(input: { marketId: string }): Promise<{ publishedSeq: number }>
}
