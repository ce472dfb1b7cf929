import type { Command } from 'commander'
import type { RevokedLease } from '../../shared/identity/identity.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { tellExecutionToStop } from '../temporal/execution-workflow.ts'

type RevokeOptions = OutputOptions & { refund: boolean; reason: string }

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

  lease
    .command('revoke <market> <lease>')
    .description('end a lease now: its capacity is free, its tokens end, its program is ended')
    .option('--refund', 'give its payer the credits back', false)
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--json', 'print one JSON document')
    .action((marketId: string, leaseId: string, options: RevokeOptions) =>
      runCommand(options, async servers => {
        const { refund, reason } = options
        const revoked = acceptedOrRefused(
          await servers.identity().revokeLease({ marketId, leaseId, refund, reason, actor: cliActor() }),
        )
        if (revoked.isProgramRunning) await tellExecutionToStop(servers, leaseId, true)
        await printAnswer(options, { ...revoked, marketId }, () => describeRevoked(revoked))
      }),
    )
}

function describeRevoked({ leaseId, endsAt, refund, payer, isProgramRunning }: RevokedLease): string {
  const money = refund === '0' ? 'nothing was given back' : `${payer} has ${refund} credits back`
  const program = isProgramRunning ? ', and its program is told to end' : ''
  return `Lease ${leaseId} ended at ${endsAt}; ${money}${program}.\n`
}
