import type { Command } from 'commander'
import { type Act, listActs } from '../../shared/db/agents/list-acts.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { renderTable } from '../show/table.ts'

/** `bourse audit`: what operators did, from the events. */
export function registerAudit(program: Command): void {
  program
    .command('audit [market]')
    .description(
      'what was done in whose name (grants, freezes, tokens, rules, pauses, ...), the newest first',
    )
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--json', 'print one JSON document')
    .action((marketId: string | undefined, options: OutputOptions & { limit: number }) =>
      runCommand(options, async servers => {
        if (marketId !== undefined) acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await listActs(servers.database(), marketId ?? null, options.limit)
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            ['at', 'market', 'actor', 'act', 'agent', 'what'],
            items.map(one => [one.at, one.marketId, one.actor, one.type, one.agent, whatOf(one)]),
          ),
        )
      }),
    )
}

function whatOf({ data }: Act): string {
  return Object.entries(data)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
