import type { Command } from 'commander'
import { listMarkets } from '../../shared/db/market/list-markets.ts'
import type { MarketSummary } from '../../shared/economy/economy.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { readMarketSettings } from '../input/market-settings.ts'
import { LIMIT } from '../input/option-readers.ts'
import { readJsonFile } from '../input/read-json-file.ts'
import { readRuleChanges } from '../input/rule-changes.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeAge } from '../show/describe-age.ts'
import { describeFractions } from '../show/describe-bundle.ts'
import { describeCycle } from '../show/describe-cycle.ts'
import { allowedValues, listRules } from '../show/rule-list.ts'
import { renderFacts, renderTable } from '../show/table.ts'
import type { Servers } from '../stack/servers.ts'
import { changeMarket, startMarketWorkflow, stepMarket } from '../temporal/market-workflow.ts'

const JSON_OPTION = ['--json', 'print one JSON document'] as const

/** `bourse market ...`: make markets, look at them, start and stop their clearing. */
export function registerMarket(program: Command): void {
  const market = program.command('market').description('make markets, look at them, steer them')

  market
    .command('create <market>')
    .description('make a market, with its own resources and rules from a file if you like, and start it')
    .option(
      '--file <rules.json>',
      'settings: {"displayName", "resources", "rules"} as JSON; - is standard input',
    )
    .option('--name <text>', 'what people call it')
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions & { file?: string; name?: string }) =>
      runCommand(options, servers => createMarket(marketId, options, servers)),
    )

  market
    .command('list')
    .description('the markets there are')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--after <market>', 'only those after this one, by id')
    .option(...JSON_OPTION)
    .action((options: OutputOptions & { limit: number; after?: string }) =>
      runCommand(options, async servers => {
        const items = await listMarkets(servers.database(), options.limit, options.after)
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            [
              'market',
              'name',
              'status',
              { right: 'cycles' },
              { right: 'book' },
              { right: 'leases' },
              { right: 'lag' },
            ],
            items.map(one => [
              one.marketId,
              one.displayName,
              one.status,
              one.lastCycle,
              one.pendingBids,
              one.activeLeases,
              one.lastSeq - one.publishedSeq,
            ]),
          ),
        )
      }),
    )

  market
    .command('show <market>')
    .description('how a market stands: supply, book, leases, rules, last cycle')
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const summary = acceptedOrRefused(await servers.economy().describeMarket(marketId))
        await printAnswer(options, summary, () => describeMarket(summary))
      }),
    )

  market
    .command('set <market> <rule=value...>')
    .description('change rules by name, such as cycleSeconds=2; `market schema` lists them')
    .option(...JSON_OPTION)
    .action((marketId: string, changes: string[], options: OutputOptions) =>
      runCommand(options, async servers => {
        const wanted = readRuleChanges(changes)
        const { rules } = acceptedOrRefused(await servers.economy().changeRules(marketId, wanted, cliActor()))
        await printAnswer(options, { ok: true, marketId, rules }, () => ruleTable(rules))
      }),
    )

  market
    .command('schema')
    .description('every rule a market has, with its default, what is allowed and its unit')
    .option(...JSON_OPTION)
    .action((options: OutputOptions) =>
      runCommand(options, async () => {
        const items = listRules()
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            ['rule', 'default', 'allowed', 'what it is'],
            items.map(rule => [rule.name, String(rule.default), allowedValues(rule), rule.description]),
          ),
        )
      }),
    )

  market
    .command('start <market>')
    .description("start the market's workflow when it is not running, or tell it to look for work")
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const { status } = await existingMarket(marketId, servers)
        await startMarketWorkflow(
          await servers.temporal(),
          servers.environment().temporal.taskQueue,
          marketId,
        )
        await printAnswer(
          options,
          { ok: true, marketId, status },
          () => `Market ${marketId} is at work (${status}).\n`,
        )
      }),
    )

  const changes = {
    pause: 'stop clearing; bids are still admitted',
    resume: 'clear again',
    close: 'admit no more bids, release the open ones, end with the last lease; cannot be taken back',
  } as const
  for (const [change, description] of Object.entries(changes) as [keyof typeof changes, string][]) {
    market
      .command(`${change} <market>`)
      .description(description)
      .option(...JSON_OPTION)
      .action((marketId: string, options: OutputOptions) =>
        runCommand(options, async servers => {
          await existingMarket(marketId, servers)
          const { taskQueue } = servers.environment().temporal
          const status = await changeMarket(await servers.temporal(), taskQueue, marketId, change)
          await printAnswer(
            options,
            { ok: true, marketId, status },
            () => `Market ${marketId} is ${status}.\n`,
          )
        }),
      )
  }

  market
    .command('step <market>')
    .description('run one cycle now, on a paused market too, and print it')
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        await existingMarket(marketId, servers)
        const { taskQueue } = servers.environment().temporal
        const cycle = await stepMarket(await servers.temporal(), taskQueue, marketId)
        await printAnswer(options, { ok: true, ...cycle }, () => describeCycle(cycle))
      }),
    )
}

async function createMarket(
  marketId: string,
  options: OutputOptions & { file?: string; name?: string },
  servers: Servers,
): Promise<undefined> {
  const input = options.file === undefined ? {} : await readJsonFile(options.file)
  const settings = readMarketSettings(input, options.name)
  acceptedOrRefused(await servers.economy().createMarket(marketId, settings))
  const summary = acceptedOrRefused(await servers.economy().describeMarket(marketId))
  await printAnswer(options, summary, () => describeMarket(summary))
}

/** Workflows of markets that do not exist are not started. */
async function existingMarket(marketId: string, servers: Servers) {
  return acceptedOrRefused(await servers.economy().findMarket(marketId))
}

function describeMarket(market: MarketSummary): string {
  const facts = renderFacts([
    ['market', market.marketId],
    ['name', market.displayName],
    ['status', market.status],
    ['book', `${market.pendingBids} pending bids`],
    ['leases', `${market.activeLeases} active`],
    ['prices', `${market.priceSource}, ${describeAge(market.priceAgeSeconds)}`],
    ['events', `${market.lastSeq}, of which ${market.publishedSeq} are in the stream`],
    ['looks again', market.wakeAt ?? 'when something happens'],
  ])
  const resources = renderTable(
    ['resource', { right: 'capacity' }, 'unit', { right: 'leased' }],
    market.resources.map(one => [
      one.name,
      one.capacity,
      one.unit,
      describeFractions({ '': one.leased }).trim(),
    ]),
  )
  const last = market.lastCycle === null ? '' : `\n${describeCycle(market.lastCycle)}`
  return `${facts}\n${resources}\n${ruleTable(market.rules)}${last}`
}

function ruleTable(rules: MarketSummary['rules']): string {
  return renderTable(
    ['rule', 'value'],
    Object.entries(rules).map(([name, value]) => [name, String(value)]),
  )
}
