import { type Command, Option } from 'commander'
import type { BourseEvent } from '../../shared/events/envelope.ts'
import { eventTypes } from '../../shared/events/registry.ts'
import { note, type OutputOptions, write } from '../answer.ts'
import { colours } from '../colours.ts'
import { acceptedOrRefused, outOfReach } from '../command-failure.ts'
import { wholeNumber } from '../option-readers.ts'
import { runCommand } from '../run-command.ts'
import { safeJson, safeText } from '../safe-text.ts'
import type { Servers } from '../servers.ts'

type EventsOptions = OutputOptions & { from: number; type?: string; follow?: boolean }

/** A reader that is not to stay gives up when NATS is away for so long. */
const AWAY_MS_MAX = 10_000
const MAX_DATA_CHARACTERS = 200

/** `bourse events`: what happened in a market, from its stream. */
export function registerEvents(program: Command): void {
  program
    .command('events <market>')
    .description('what happened, from the stream, each event once and in order')
    .option('--from <seq>', 'the first event wanted', wholeNumber(1, Number.MAX_SAFE_INTEGER), 1)
    .addOption(new Option('--type <type>', 'only events of this type').choices(Object.keys(eventTypes)))
    .option('--follow', 'go on with new events until Ctrl-C')
    .option('--json', 'print one JSON document a line: the events as they stand in the stream')
    .action((marketId: string, options: EventsOptions) =>
      runCommand(options, servers => printEvents(marketId, options, servers)),
    )
}

async function printEvents(marketId: string, options: EventsOptions, servers: Servers): Promise<undefined> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const { collect } = await import('../../shared/bus/collect.ts')
  const stop = new AbortController()
  const end = () => stop.abort()
  const interrupted = ['SIGINT', 'SIGTERM'] as const
  for (const name of interrupted) process.once(name, end)
  let awaySinceMs: number | null = null
  const events = collect({
    bus: await servers.bus(),
    marketId,
    fromSeq: options.from,
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
      if (options.type === undefined || event.type === options.type) {
        await write(options.json ? `${safeJson(event)}\n` : eventLine(event))
      }
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
  const shown = text.length > MAX_DATA_CHARACTERS ? `${text.slice(0, MAX_DATA_CHARACTERS)}...` : text
  return `${String(seq).padStart(6)}  ${colours.dim(timestamp)}  ${colours.bold(type.padEnd(20))} ${(agent ?? '-').padEnd(12)} ${shown}\n`
}
