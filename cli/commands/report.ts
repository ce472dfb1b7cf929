import { type Command, Option } from 'commander'
import { readUsageReport, USAGE_GROUPS, type UsageGroup } from '../../shared/db/llm/llm-usage.ts'
import { formatMoney } from '../../shared/llm/money.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.ts'
import { wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { renderTable } from '../show/table.ts'

type UsageOptions = OutputOptions & { by: UsageGroup; market?: string; hours?: number }

const HOURS_MAX = 87_600

/** `bourse report`: sums over many things. */
export function registerReport(program: Command): void {
  const report = program.command('report').description('sums over many things')
  report
    .command('usage')
    .description('what models were used for, reconciled with the budgets of leases')
    .addOption(new Option('--by <group>', 'sum by').choices([...USAGE_GROUPS]).default('agent'))
    .option('--market <market>', 'only this market')
    .option('--hours <hours>', 'only calls of the last hours', wholeNumber(1, HOURS_MAX))
    .option('--json', 'print one JSON document')
    .action((options: UsageOptions) =>
      runCommand(options, async servers => {
        if (options.market !== undefined)
          acceptedOrRefused(await servers.economy().findMarket(options.market))
        const { rows, totals } = await readUsageReport(servers.database(), options.by, {
          marketId: options.market ?? null,
          sinceHours: options.hours ?? null,
        })
        const isReconciled = totals.differenceTokens === 0n
        const items = rows.map(({ name, costMicro, ...row }) => ({
          marketId: row.marketId,
          [options.by]: name,
          calls: row.calls,
          failed: row.failed,
          promptTokens: row.promptTokens.toString(),
          completionTokens: row.completionTokens.toString(),
          chargedTokens: row.chargedTokens.toString(),
          cost: formatMoney(costMicro),
        }))
        const document = {
          ok: isReconciled,
          by: options.by,
          items,
          reconciled: {
            ok: isReconciled,
            chargedTokens: totals.chargedTokens.toString(),
            differenceTokens: totals.differenceTokens.toString(),
            openCalls: totals.openCalls,
            reservedTokens: totals.reservedTokens.toString(),
          },
        }
        await printAnswer(options, document, () =>
          [
            renderTable(
              [
                'market',
                options.by,
                { right: 'calls' },
                { right: 'failed' },
                { right: 'prompt' },
                { right: 'completion' },
                { right: 'charged' },
                { right: 'cost' },
              ],
              items.map(one => [
                one.marketId,
                (one[options.by] as string | null) ?? '-',
                one.calls,
                one.failed,
                one.promptTokens,
                one.completionTokens,
                one.chargedTokens,
                one.cost,
              ]),
            ),
            isReconciled
              ? `Budgets of leases say the same: ${totals.chargedTokens} tokens charged in all; ${totals.openCalls} calls under way hold ${totals.reservedTokens}.\n`
              : `Budgets of leases differ by ${totals.differenceTokens} tokens: \`bourse verify\` names them.\n`,
          ].join('\n'),
        )
        return isReconciled ? EXIT_DONE : EXIT_REFUSED
      }),
    )
}
