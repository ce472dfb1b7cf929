import { type Command, InvalidArgumentError } from 'commander'
import { readCredits } from '../../shared/money/credits.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'

type AdjustOptions = OutputOptions & { reason: string; key?: string }

/** `bourse ledger ...`: correct balances. */
export function registerLedger(program: Command): void {
  const ledger = program.command('ledger').description('correct balances')

  ledger
    .command('adjust <market> <agent> <amount>')
    .description('mint (5 or +5) or burn (-5) credits of an agent, to correct its balance')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--key <text>', 'the same key and adjustment again is the same adjustment')
    .option('--json', 'print one JSON document')
    .allowUnknownOption()
    .action((marketId: string, agent: string, amount: string, options: AdjustOptions) =>
      runCommand(options, async servers => {
        const { reason, key = null } = options
        const moved = acceptedOrRefused(
          await servers
            .ledger()
            .adjust({ marketId, agent, amountMicro: readSigned(amount), reason, actor: cliActor(), key }),
        )
        await printAnswer(options, moved, () => `${agent} has ${moved.balance} credits now.\n`)
      }),
    )
}

function readSigned(text: string): bigint {
  const read = readCredits(text.replace(/^\+/, ''))
  if (!read.ok) throw new InvalidArgumentError(read.problem)
  return read.micro
}
