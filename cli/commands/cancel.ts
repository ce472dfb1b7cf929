import type { Command } from 'commander'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'

/** `bourse cancel`: takes a pending bid out of the book. */
export function registerCancel(program: Command): void {
  program
    .command('cancel <market> <agent> <bid-id>')
    .description('take a pending bid back; its credits are available again')
    .option('--json', 'print one JSON document')
    .action((marketId: string, agent: string, bidId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const economy = servers.economy()
        acceptedOrRefused(await economy.findMarket(marketId))
        const cancelled = acceptedOrRefused(await economy.cancelBid({ marketId, agent, bidId }))
        await printAnswer(
          options,
          cancelled,
          () => `Bid ${cancelled.bidId} is cancelled; ${cancelled.released} credits are available again.\n`,
        )
      }),
    )
}
