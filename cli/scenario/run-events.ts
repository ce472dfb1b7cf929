import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { EventsByMarket } from '../../shared/benchmark/html-report.ts'
import type { RunReport } from '../../shared/benchmark/run-report.ts'
import { type BourseEvent, parseEvent } from '../../shared/events/envelope.ts'
import { wrongUsage } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'

const COLLECT_MS_MAX = 60_000

/** The events of every trial of a run that has a market, from the streams. */
export async function readRunEvents(servers: Servers, { scenarios }: RunReport): Promise<EventsByMarket> {
  const events = new Map<string, BourseEvent[]>()
  for (const { marketId } of scenarios.flatMap(scenario => scenario.trials)) {
    events.set(marketId, await readMarketEvents(servers, marketId))
  }
  return events
}

/** Events of one market from its stream, up to `untilSeq` or all there are. */
export async function readMarketEvents(
  servers: Servers,
  marketId: string,
  untilSeq?: number,
): Promise<BourseEvent[]> {
  const { collectAll } = await import('../../shared/bus/collect-all.ts')
  return await collectAll(await servers.bus(), marketId, { untilSeq, waitMs: COLLECT_MS_MAX })
}

/** Writes events as they stand in the streams, one a line. */
export async function writeExport(file: string, events: EventsByMarket): Promise<void> {
  const out = createWriteStream(file)
  for (const ofMarket of events.values()) {
    for (const event of ofMarket) {
      if (!out.write(`${JSON.stringify(event)}\n`)) await once(out, 'drain')
    }
  }
  out.end()
  await once(out, 'finish')
}

/** Reads what writeExport wrote; a line that is no event is wrong usage. */
export async function readExport(file: string): Promise<EventsByMarket> {
  const events = new Map<string, BourseEvent[]>()
  let number = 0
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  try {
    for await (const line of lines) {
      number += 1
      if (line.trim() === '') continue
      const parsed = parseEvent(line)
      if (!parsed.ok) throw wrongUsage(`--from ${file}, line ${number}: ${parsed.problem}`, 'from')
      const { event } = parsed
      const ofMarket = events.get(event.market_id) ?? []
      ofMarket.push(event)
      events.set(event.market_id, ofMarket)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw wrongUsage(`--from ${file} is not there`, 'from')
    throw error
  }
  return events
}
