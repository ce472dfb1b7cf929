import type { Command } from 'commander'
import { listLeases } from '../../shared/db/leases/list-leases.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeBundle } from '../show/describe-bundle.ts'
import { renderTable } from '../show/table.ts'

/** `bourse leases`: who has what until when. */
export function registerLeases(program: Command): void {
  program
    .command('leases <market>')
    .description('active leases, the last to end first')
    .option('--all', 'those that ended too')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: OutputOptions & { limit: number; all?: boolean }) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await listLeases(servers.database(), marketId, options.limit, {
          ended: options.all ?? false,
        })
        await printAnswer(options, { ok: true, marketId, items }, () =>
          renderTable(
            ['lease', 'holder', 'paid by', { right: 'cycle' }, 'bundle', 'starts', 'ends', 'status'],
            items.map(one => [
              one.leaseId,
              one.beneficiary,
              one.payer,
              one.cycle,
              describeBundle(one.bundle),
              one.startsAt,
              one.endsAt,
              one.status,
            ]),
          ),
        )
      }),
    )
}
