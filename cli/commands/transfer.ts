import type { Command } from 'commander'
import { acceptedOrRefused } from '../command-failure.ts'
import { readAmountArgument } from '../input/read-amount-argument.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'

type TransferOptions = OutputOptions & { purpose: string; key?: string }

/** `bourse transfer`: moves credits from one agent to another. */
export function registerTransfer(program: Command): void {
  program
    .command('transfer <market> <from> <to> <amount>')
    .description('move available credits from one agent to another')
    .option('--purpose <text>', 'what for', 'transfer')
    .option('--key <text>', 'the same key and transfer again is the same transfer')
    .option('--json', 'print one JSON document')
    .action((marketId: string, from: string, to: string, amount: string, options: TransferOptions) =>
      runCommand(options, async servers => {
        const amountMicro = readAmountArgument(amount)
        const { purpose, key = null } = options
        const moved = acceptedOrRefused(
          await servers.ledger().transfer({ marketId, from, to, amountMicro, purpose, key }),
        )
        await printAnswer(
          options,
          moved,
          () => `${amount} credits went to ${to}; ${from} has ${moved.balance}.\n`,
        )
      }),
    )
}
