import type { Command } from 'commander'
import { readPostedPrices } from '../../shared/db/read-prices.ts'
import { type OutputOptions, printAnswer } from '../answer.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { renderFacts, renderTable } from '../table.ts'

/** `bourse prices`: what a market posts per resource, and how old it is. */
export function registerPrices(program: Command): void {
  program
    .command('prices <market>')
    .description('posted prices: credits per 100 % of capacity and second')
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const {
          prices: items,
          priceSource,
          ageSeconds,
        } = await readPostedPrices(servers.database(), marketId)
        await printAnswer(options, { ok: true, marketId, priceSource, ageSeconds, items }, () => {
          const age = ageSeconds === null ? 'none was recorded yet' : `${ageSeconds.toFixed(1)} s`
          const facts = renderFacts([
            ['source', priceSource],
            ['age', age],
          ])
          const table = renderTable(
            ['resource', { right: 'price' }, 'why', 'recorded'],
            items.map(one => [one.resource, one.price, one.reason, one.recordedAt]),
          )
          return `${facts}\n${table}`
        })
      }),
    )
}
