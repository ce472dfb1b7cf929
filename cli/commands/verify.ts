import type { Command } from 'commander'
import type { Check, VerifyReport } from '../../shared/verify/report.ts'
import { verify } from '../../shared/verify/verify.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { colours } from '../show/colours.ts'
import { safeText } from '../show/safe-text.ts'
import { renderTable } from '../show/table.ts'

type VerifyOptions = OutputOptions & { fromEvents?: boolean }

/** `bourse verify`: audits a running system, at one snapshot. */
export function registerVerify(program: Command): void {
  program
    .command('verify [market]')
    .description(
      'audit a market, or all: ledger, holds, supply, cycles, bids, events in Postgres and the stream',
    )
    .option('--from-events', 'rebuild everything from the stream alone as well, and compare')
    .option('--json', 'print one JSON document')
    .action((marketId: string | undefined, options: VerifyOptions) =>
      runCommand(options, async servers => {
        if (marketId !== undefined) acceptedOrRefused(await servers.economy().findMarket(marketId))
        const report = await verify({
          db: servers.database(),
          bus: await servers.bus(),
          fromEvents: options.fromEvents ?? false,
          ...(marketId === undefined ? {} : { marketId }),
        })
        await printAnswer(options, report, () => describeReport(report))
        return report.ok ? EXIT_DONE : EXIT_REFUSED
      }),
    )
}

/** A line for each check over all markets, then what is wrong and where. */
export function describeReport({ ok, checks }: VerifyReport): string {
  const byName = Map.groupBy(checks, check => check.name)
  const table = renderTable(
    ['check', { right: 'looked at' }, 'result'],
    [...byName].map(([name, group]) => [name, sum(group), resultOf(group)]),
  )
  const markets = new Set(checks.map(check => check.market)).size
  const failed = checks.filter(check => !check.ok)
  const lines = checks
    .filter(check => check.detail !== null)
    .map(({ market, name, ok, detail }) => {
      const mark = ok ? colours.dim('note') : colours.red('failed')
      return `${mark}  ${market}: ${safeText(`${name}: ${detail}`)}\n`
    })
  const verdict = ok
    ? colours.green(`Everything checked holds, in ${markets} ${markets === 1 ? 'market' : 'markets'}.`)
    : colours.red(`${failed.length} of ${checks.length} checks failed.`)
  return `${table}\n${lines.join('')}${verdict}\n`
}

function sum(group: readonly Check[]): number {
  return group.reduce((total, check) => total + check.checked, 0)
}

function resultOf(group: readonly Check[]): string {
  const failed = group.filter(check => !check.ok).length
  return failed === 0 ? 'ok' : `failed in ${failed} of ${group.length} markets`
}
