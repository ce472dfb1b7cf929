import type { Command } from 'commander'
import { readCycles } from '../../shared/db/cycles/cycles.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT, wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeCycles } from '../show/describe-cycle.ts'

type CyclesOptions = OutputOptions & { limit: number; before?: number }

/** `bourse cycles`: a market's settled cycles. */
export function registerCycles(program: Command): void {
  program
    .command('cycles <market>')
    .description('settled cycles, newest first')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--before <cycle>', 'only those with a lower number', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: CyclesOptions) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await readCycles(servers.database(), marketId, options.limit, options.before ?? null)
        await printAnswer(options, { ok: true, marketId, items }, () => describeCycles(items))
      }),
    )
}
