import type { Command } from 'commander'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { readAmountArgument } from '../input/read-amount-argument.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'

type GrantOptions = OutputOptions & { reason: string; key?: string }

/** `bourse grant`: mints credits to an agent. */
export function registerGrant(program: Command): void {
  program
    .command('grant <market> <agent> <amount>')
    .description('mint credits to an agent')
    .option('--reason <text>', 'what for', 'grant')
    .option('--key <text>', 'the same key and grant again is the same grant')
    .option('--json', 'print one JSON document')
    .action((marketId: string, agent: string, amount: string, options: GrantOptions) =>
      runCommand(options, async servers => {
        const amountMicro = readAmountArgument(amount)
        const { reason, key = null } = options
        const moved = acceptedOrRefused(
          await servers.ledger().grant({ marketId, agent, amountMicro, reason, actor: cliActor(), key }),
        )
        await printAnswer(
          options,
          moved,
          () => `${amount} credits were granted; ${agent} has ${moved.balance}.\n`,
        )
      }),
    )
}
