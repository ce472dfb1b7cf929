import type { Command } from 'commander'
import { type PostedTick, readPriceHistory } from '../../shared/db/prices/read-price-history.ts'
import { readPostedPrices } from '../../shared/db/prices/read-prices.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT, wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeAge } from '../show/describe-age.ts'
import { sparkline } from '../show/sparkline.ts'
import { renderFacts, renderTable } from '../show/table.ts'
import type { Servers } from '../stack/servers.ts'
import { pausePrices, resumePrices, setPricePeriod, tickPrices } from '../temporal/price-schedule.ts'

const JSON_OPTION = ['--json', 'print one JSON document'] as const
const CHART_WIDTH = 60
const DAY_SECONDS = 86_400

type ShowOptions = OutputOptions & { history?: boolean; limit: number; before?: number }

/** `bourse prices`: what a market posts per resource, how that came, and the schedule that moves it. */
export function registerPrices(program: Command): void {
  const prices = program
    .command('prices')
    .description('posted prices: credits per 100 % of capacity and second')
    .usage('[show] <market> [options] | pause|resume|tick|set <market>')

  prices
    .command('show <market>', { isDefault: true })
    .description('what is posted, where it comes from and how old it is; `show` may be left out')
    .option('--history', 'the ticks that led there, newest first, with a chart')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--before <tick>', 'only ticks with a lower number', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option(...JSON_OPTION)
    .action((marketId: string, options: ShowOptions) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        await (options.history ? showHistory : showPrices)(marketId, options, servers)
        return undefined
      }),
    )

  const changes = {
    pause: { act: pausePrices, description: 'stop the schedule; cycles go on at the last known prices' },
    resume: { act: resumePrices, description: 'let the schedule go on' },
  } as const
  for (const [name, { act, description }] of Object.entries(changes)) {
    prices
      .command(`${name} <market>`)
      .description(description)
      .option(...JSON_OPTION)
      .action((marketId: string, options: OutputOptions) =>
        runCommand(options, async servers => {
          const schedule = await act(servers, marketId, cliActor())
          await printAnswer(options, { ok: true, marketId, schedule }, () => describeSchedule(schedule))
        }),
      )
  }

  prices
    .command('tick <market>')
    .description('move prices now, schedule or not, and print them')
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const ticked = await tickPrices(servers, marketId)
        await printAnswer(options, { ok: true, marketId, ...ticked }, () =>
          renderFacts([
            ['tick', ticked.applied ? ticked.tick : `${ticked.tick}, which was as late`],
            ...Object.entries(ticked.prices),
          ]),
        )
      }),
    )

  prices
    .command('set <market>')
    .description('change how often prices move: the rule pricePeriodSeconds, and the schedule with it')
    .requiredOption('--period <seconds>', 'seconds between two ticks', wholeNumber(1, DAY_SECONDS))
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions & { period: number }) =>
      runCommand(options, async servers => {
        const schedule = await setPricePeriod(servers, marketId, options.period, cliActor())
        await printAnswer(options, { ok: true, marketId, schedule }, () => describeSchedule(schedule))
      }),
    )
}

async function showPrices(marketId: string, options: ShowOptions, servers: Servers): Promise<void> {
  const { prices: items, priceSource, ageSeconds } = await readPostedPrices(servers.database(), marketId)
  await printAnswer(options, { ok: true, marketId, priceSource, ageSeconds, items }, () => {
    const facts = renderFacts([
      ['source', priceSource],
      ['age', describeAge(ageSeconds)],
    ])
    const table = renderTable(
      ['resource', { right: 'price' }, 'why', 'recorded'],
      items.map(one => [one.resource, one.price, one.reason, one.recordedAt]),
    )
    return `${facts}\n${table}`
  })
}

async function showHistory(marketId: string, options: ShowOptions, servers: Servers): Promise<void> {
  const ticks = await readPriceHistory(servers.database(), marketId, options.limit, options.before ?? null)
  await printAnswer(options, { ok: true, marketId, items: ticks }, () => describeHistory(ticks))
}

function describeHistory(ticks: readonly PostedTick[]): string {
  const [newest] = ticks
  if (newest === undefined) return 'No price was recorded yet.\n'
  const oldestFirst = ticks.toReversed()
  const charts = renderTable(
    ['resource', { right: 'lowest' }, 'from the oldest to the newest', { right: 'highest' }],
    newest.prices.map(({ resource }, place) => {
      const posted = oldestFirst.map(tick => Number(tick.prices[place]!.price))
      return [resource, Math.min(...posted), sparkline(posted, CHART_WIDTH), Math.max(...posted)]
    }),
  )
  const table = renderTable(
    [{ right: 'tick' }, 'at', ...newest.prices.map(({ resource }) => ({ right: resource })), 'why'],
    ticks.map(({ tick, tickedAt, prices }) => [
      tick,
      tickedAt,
      ...prices.map(item => item.price),
      describeReasons(prices),
    ]),
  )
  return `${charts}\n${table}`
}

/** Why prices moved; nothing is said of those that did not. */
function describeReasons(prices: PostedTick['prices']): string {
  const moved = prices.filter(item => item.reason !== 'unchanged')
  return moved.length === 0
    ? 'unchanged'
    : moved.map(({ resource, reason }) => `${resource} ${reason}`).join(', ')
}

function describeSchedule(schedule: Awaited<ReturnType<typeof pausePrices>>): string {
  return renderFacts([
    ['schedule', schedule.isPaused ? 'paused' : 'running'],
    ['note', schedule.note],
    ['period', schedule.periodSeconds === null ? 'as set in Temporal' : `${schedule.periodSeconds} s`],
    ['next', schedule.nextAt],
  ])
}
