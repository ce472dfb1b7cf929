import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { collect, EventsMissing } from '../../shared/bus/collect.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { loadEnvironment } from '../../shared/config/environment.ts'
import { collectedFile } from './collected.ts'

/**
 * A collector that can be killed at any time: it appends each event's place and id to a file per market, and begins
 * after the last whole line of it. It does not look for doubles: what the library gives twice stands there twice.
 */
const AGAIN_MS = 1_000
const { FAULTS_FOLDER = '.', FAULTS_MARKETS = '' } = process.env
const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort())

const bus = await connectBus(loadEnvironment(process.env).nats, 'bourse faults collector')
const collecting = FAULTS_MARKETS.split(',').filter(Boolean).map(collectForEver)
process.send?.('ready')
await Promise.all(collecting)
await bus.close()
if (process.connected) process.disconnect()

async function collectForEver(marketId: string): Promise<void> {
  const file = collectedFile(FAULTS_FOLDER, marketId)
  while (!stopped.signal.aborted) {
    try {
      const options = { bus, marketId, fromSeq: lastSeq(file) + 1, signal: stopped.signal, follow: true }
      for await (const { seq, event_id: eventId } of collect(options))
        appendFileSync(file, `${JSON.stringify([seq, eventId])}\n`)
    } catch (error) {
      if (stopped.signal.aborted) return
      if (!(error instanceof EventsMissing)) process.stderr.write(`${(error as Error).stack}\n`)
      await delay(AGAIN_MS)
    }
  }
}

/** The place of the last whole line; half a line, of a collector that was killed, is taken away. */
function lastSeq(file: string): number {
  if (!existsSync(file)) return 0
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
  const last = whole.trimEnd().split('\n').at(-1)
  return last ? JSON.parse(last)[0] : 0
}
