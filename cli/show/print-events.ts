import type { BourseEvent } from '../../shared/events/envelope.ts'
import { acceptedOrRefused, outOfReach } from '../command-failure.ts'
import type { Servers } from '../stack/servers.ts'
import { note, type OutputOptions, write } from './answer.ts'
import { colours } from './colours.ts'
import { safeJson, safeText } from './safe-text.ts'

export type EventsOptions = OutputOptions & {
  from?: number
  /** In milliseconds since 1970; what happened at `until` is left out. */
  since?: number
  until?: number
  position?: string
  type?: string
  follow?: boolean
}

/** A reader that is not to stay gives up when NATS is away for so long. */
const AWAY_MS_MAX = 10_000
const DATA_CHARACTERS_MAX = 200

/** Prints a market's events as they come; with a file of the position, from where the last reading with it ended. */
export async function printEvents(
  marketId: string,
  options: EventsOptions,
  servers: Servers,
): Promise<undefined> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const { collect } = await import('../../shared/bus/collect.ts')
  const { positionOf } = await import('../../shared/bus/position.ts')
  const { positionFile } = await import('../../shared/bus/position-file.ts')
  const positions = options.position === undefined ? null : positionFile(options.position, marketId)
  const stop = new AbortController()
  const end = () => stop.abort()
  const interrupted = ['SIGINT', 'SIGTERM'] as const
  for (const name of interrupted) process.once(name, end)
  let awaySinceMs: number | null = null
  const events = collect({
    bus: await servers.bus(),
    marketId,
    ...(options.from === undefined ? {} : { fromSeq: options.from }),
    after: (await positions?.read()) ?? null,
    signal: stop.signal,
    follow: options.follow ?? false,
    onTrouble: problem => {
      if (awaySinceMs === null) note(`NATS does not answer (${problem.message}); waiting for it.`)
      awaySinceMs ??= Date.now()
      const isAwayForLong = Date.now() - awaySinceMs > AWAY_MS_MAX
      if (isAwayForLong && !options.follow) {
        stop.abort(outOfReach('nats_unreachable', `NATS went away: ${problem.message}`))
      }
    },
  })
  try {
    for await (const event of events) {
      awaySinceMs = null
      const atMs = Date.parse(event.timestamp)
      // Times never go back in the order of events.
      if (atMs >= (options.until ?? Number.POSITIVE_INFINITY)) break
      if (atMs >= (options.since ?? 0) && (options.type ?? event.type) === event.type) {
        await write(options.json ? `${safeJson(event)}\n` : eventLine(event))
      }
      await positions?.write(positionOf(event))
    }
  } catch (error) {
    const isAsked = stop.signal.aborted && stop.signal.reason.name === 'AbortError'
    if (!isAsked) throw error
  } finally {
    for (const name of interrupted) process.off(name, end)
  }
  return undefined
}

function eventLine({ seq, timestamp, type, agent_id: agent, data }: BourseEvent): string {
  const text = safeText(JSON.stringify(data))
  const shown = text.length > DATA_CHARACTERS_MAX ? `${text.slice(0, DATA_CHARACTERS_MAX)}...` : text
  return `${String(seq).padStart(6)}  ${colours.dim(timestamp)}  ${colours.bold(type.padEnd(20))} ${(agent ?? '-').padEnd(12)} ${shown}\n`
}
