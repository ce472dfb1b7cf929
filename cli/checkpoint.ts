import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresOutbox } from '../shared/db/events/outbox.ts'
import { beginWith, readKeptEvents, trimOutbox } from '../shared/db/events/trim-outbox.ts'
import { writeCheckpoint } from '../shared/db/events/write-checkpoint.ts'
import { acceptedOrRefused, refused } from './command-failure.ts'
import { note, type OutputOptions, printAnswer } from './show/answer.ts'
import type { Servers } from './stack/servers.ts'

/** Publication that makes no progress for so long is not waited for. */
const PUBLISH_WAIT_MS_MAX = 20_000
const LOOK_INTERVAL_MS = 100

/**
 * Writes a checkpoint of a market, waits until it is published, and removes the events before it from stream and
 * outbox. What an earlier call began and could not finish is finished first, and no other checkpoint written.
 */
export async function checkpoint(
  marketId: string,
  options: OutputOptions,
  servers: Servers,
): Promise<undefined> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const db = servers.database()
  const outbox = createPostgresOutbox(db)
  const bus = await servers.bus()
  const { trimStream } = await import('../shared/bus/trim-stream.ts')
  const kept = await readKeptEvents(db, marketId)
  const isUnfinished = kept.checkpointSeq !== null && kept.checkpointSeq > kept.firstSeq
  const checkpointSeq = isUnfinished ? kept.checkpointSeq! : await write()
  await published()
  await beginWith(db, marketId, checkpointSeq)
  if (!(await trimStream(bus, marketId, checkpointSeq))) throw notPublished()
  const deleted = await trimOutbox(db, marketId, checkpointSeq)
  const document = { ok: true, marketId, checkpointSeq, eventsRemoved: deleted, resumed: isUnfinished }
  await printAnswer(
    options,
    document,
    () =>
      `Event ${checkpointSeq} begins the checkpoint; ${deleted} events before it were removed. A rebuild starts there.\n`,
  )

  async function write(): Promise<number> {
    const written = await writeCheckpoint(db, outbox, marketId, (seq, lastSeq) =>
      note(`event ${seq} of ${lastSeq} is in the state`),
    )
    return acceptedOrRefused(written).checkpointSeq
  }

  async function published(): Promise<void> {
    let { seq } = await outbox.readPublication(marketId)
    let deadlineMs = Date.now() + PUBLISH_WAIT_MS_MAX
    const lastSeq = await outbox.readLastSeq(marketId)
    while (seq < lastSeq) {
      await delay(LOOK_INTERVAL_MS)
      const now = (await outbox.readPublication(marketId)).seq
      if (now > seq) deadlineMs = Date.now() + PUBLISH_WAIT_MS_MAX
      seq = now
      if (Date.now() >= deadlineMs) throw notPublished()
    }
  }

  function notPublished() {
    const message = `the checkpoint at event ${checkpointSeq} is written but not published, so nothing was removed; is a market worker running? Run this again then`
    return refused({ code: 'not_published', message })
  }
}
