import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect } from '../../../shared/bus/collect.ts'
import type { Bus } from '../../../shared/bus/connect.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { closeBatch, startBatch, writeEvents } from '../../../shared/db/events/event-batch.ts'
import { inTransaction } from '../../../shared/db/transaction.ts'
import { draftEvent } from '../../../shared/events/draft.ts'
import { connectServers, makeMarket, type Servers } from './market-events.ts'

const run = promisify(execFile)
const BATCHES = 6
const EVENTS_PER_BATCH = 4_000
/** 72 MB in all: half as much again as the process below may have for everything it holds. */
const CHARACTERS_PER_EVENT = 3_000
const HEAP_MB_MAX = 48

const never = new AbortController().signal
let servers: Servers
let marketId: string

beforeAll(async () => {
  servers = await connectServers()
  marketId = await makeMarket(servers.db)
  const data = { agent_id: 'ann', amount: '1', reason: 'x'.repeat(CHARACTERS_PER_EVENT) }
  for (let batch = 0; batch < BATCHES; batch++) {
    const drafts = Array.from({ length: EVENTS_PER_BATCH }, () =>
      draftEvent(`large-${batch}`, 'credits_burned', data, { correlationId: 'large' }),
    )
    await inTransaction(servers.db, async client => {
      const started = await startBatch(client, marketId)
      await writeEvents(client, started, drafts)
      await closeBatch(client, started, drafts.length)
    })
  }
  await publishOutbox({ ...servers, marketId, signal: never, lingerMs: 0, pollMs: 10 })
})
afterAll(() => servers.close())

test('a history larger than its memory passes through a collector', async () => {
  const script = fileURLToPath(new URL('collecting-process.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [`--max-old-space-size=${HEAP_MB_MAX}`, script, marketId])
  expect(stdout).toBe(`${1 + BATCHES * EVENTS_PER_BATCH}\n`)
})

test('a reader that takes its time has one batch read ahead of it, not the stream', async () => {
  let bytesRead = 0
  const { connection } = servers.bus
  const watched: Bus = {
    ...servers.bus,
    connection: new Proxy(connection, {
      get(target, name) {
        if (name !== 'subscribe') {
          const value = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        }
        return (subject: string, options: Parameters<typeof connection.subscribe>[1]) =>
          target.subscribe(subject, {
            ...options,
            callback: (error, message) => {
              bytesRead += message?.data.length ?? 0
              options?.callback?.(error, message)
            },
          })
      },
    }),
  }
  const BATCH_BYTES_MAX = 4_194_304
  let bytesTaken = 0
  let aheadBytesMax = 0
  for await (const event of collect({ bus: watched, marketId, signal: never, follow: false })) {
    bytesTaken += JSON.stringify(event).length
    aheadBytesMax = Math.max(aheadBytesMax, bytesRead - bytesTaken)
    // So that whatever is on its way arrives.
    if (event.seq % 100 === 0) await new Promise(setImmediate)
  }
  expect(bytesTaken).toBe(bytesRead)
  expect(aheadBytesMax).toBeLessThanOrEqual(2 * BATCH_BYTES_MAX)
})
