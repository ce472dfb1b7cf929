import type { Command } from 'commander'
import { createPostgresOutbox } from '../../shared/db/events/outbox.ts'
import { restoreHistory } from '../../shared/db/events/restore-history.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import type { Servers } from '../stack/servers.ts'

/** `bourse repair`: goes on with what Postgres has after it was restored from a backup. */
export function registerRepair(program: Command): void {
  program
    .command('repair <market>')
    .description(
      'after Postgres was restored from a backup: take what it has for the history, in a new epoch',
    )
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: OutputOptions) =>
      runCommand(options, servers => repair(marketId, options, servers)),
    )
}

async function repair(marketId: string, options: OutputOptions, servers: Servers): Promise<undefined> {
  acceptedOrRefused(await servers.economy().findMarket(marketId))
  const { findDivergence } = await import('../../shared/bus/find-stream-end.ts')
  const db = servers.database()
  const divergence = await findDivergence(await servers.bus(), createPostgresOutbox(db), marketId)
  if (divergence === null) {
    await printAnswer(
      options,
      { ok: true, marketId, repaired: false },
      () => 'Nothing to repair: the stream has no events that Postgres lacks.\n',
    )
    return
  }
  const { woken: _, ...restored } = acceptedOrRefused(
    await restoreHistory(db, marketId, divergence, cliActor()),
  )
  const document = { ...restored, marketId, repaired: true }
  await printAnswer(
    options,
    document,
    () =>
      `Events up to ${restored.lastSeq} hold; what the stream told after that never happened. Epoch ${restored.epoch} has begun.\n` +
      'The stream is made anew within a minute, while a market worker runs; readers are told by history_restored.\n',
  )
}
