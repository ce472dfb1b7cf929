import type { Command } from 'commander'
import { type OutputOptions, printAnswer } from '../answer.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'

/** `bourse lease ...`: act on one lease. */
export function registerLease(program: Command): void {
  const lease = program.command('lease').description('act on one lease')

  lease
    .command('token <market> <lease>')
    .description('a token for the use of a lease, shown this once; it ends with the lease')
    .option('--json', 'print one JSON document')
    .action((marketId: string, leaseId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const issued = acceptedOrRefused(
          await servers.identity().issueLeaseToken({ marketId, leaseId, agent: null, actor: cliActor() }),
        )
        await printAnswer(
          options,
          { ...issued, marketId },
          () =>
            `The token of lease ${leaseId}, good until ${issued.endsAt}, shown now and never again:\n  ${issued.token}\n`,
        )
      }),
    )
}
