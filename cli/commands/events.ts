import { type Command, Option } from 'commander'
import { type EventName, eventTypes } from '../../shared/events/registry.ts'
import { checkpoint } from '../checkpoint.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { moment, wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, write } from '../show/answer.ts'
import { colours } from '../show/colours.ts'
import { type EventsOptions, printEvents } from '../show/print-events.ts'
import { safeJson, safeText } from '../show/safe-text.ts'
import type { Servers } from '../stack/servers.ts'

const TEXT_CHARACTERS_MAX = 200

/** `bourse events`: what happened in a market, from its stream; and what its events mean. */
export function registerEvents(program: Command): void {
  const events = program
    .command('events')
    .description('what happened, from the stream, each event once and in order')
    .usage('[show] <market> [options] | schema [type] | dead-letters <market> | checkpoint <market>')

  events
    .command('show <market>', { isDefault: true })
    .description('events as they stand in the stream; `show` may be left out')
    .option(
      '--from <seq>',
      'the first event wanted; by default the first there is',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--since <time>',
      'only what happened at this time or later: a day, or 2026-11-24T10:00:00Z',
      moment,
    )
    .option('--until <time>', 'only what happened before this time', moment)
    .option('--position <file>', 'go on after the last event shown with this file, and keep the place in it')
    .addOption(new Option('--type <type>', 'only events of this type').choices(Object.keys(eventTypes)))
    .option('--follow', 'go on with new events until Ctrl-C')
    .option('--json', 'print one JSON document a line: the events as they stand in the stream')
    .action((marketId: string, options: EventsOptions) =>
      runCommand(options, async servers => {
        if (options.from !== undefined && options.position !== undefined)
          throw wrongUsage('--from and --position exclude each other', 'from')
        return await printEvents(marketId, options, servers)
      }),
    )

  events
    .command('schema [type]')
    .description('JSON Schema of all events as they stand in the stream, or of one type')
    .option('--json', 'print one JSON document, which it always is')
    .action((type: string | undefined, options: OutputOptions) =>
      runCommand(options, async () => {
        const { eventSchema, eventSchemas } = await import('../../shared/events/json-schema.ts')
        if (type !== undefined && !Object.hasOwn(eventTypes, type))
          throw wrongUsage(
            `there is no event type ${JSON.stringify(type)}; \`bourse events schema\` shows all`,
            'type',
          )
        const schema = type === undefined ? eventSchemas() : eventSchema(type as EventName)
        await write(`${options.json ? JSON.stringify(schema) : JSON.stringify(schema, null, 2)}\n`)
        return undefined
      }),
    )

  events
    .command('dead-letters <market>')
    .description("messages on the market's subjects that are no events of it, and why; oldest first")
    .option('--json', 'print one JSON document a line')
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, servers => printDeadLetters(marketId, options, servers)),
    )

  events
    .command('checkpoint <market>')
    .description(
      'write the state as events, and remove the events before it from stream and outbox, for good',
    )
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, servers => checkpoint(marketId, options, servers)),
    )
}

async function printDeadLetters(
  marketId: string,
  options: OutputOptions,
  servers: Servers,
): Promise<undefined> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const { readDeadLetters } = await import('../../shared/bus/dead-letters.ts')
  for await (const letter of readDeadLetters(await servers.bus(), marketId)) {
    const { stream_sequence: sequence, subject, reason, text } = letter
    const shown = safeText(
      text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}...` : text,
    )
    await write(
      options.json
        ? `${safeJson(letter)}\n`
        : `${String(sequence).padStart(6)}  ${safeText(subject)}  ${colours.bold(safeText(reason))}  ${shown}\n`,
    )
  }
  return undefined
}
