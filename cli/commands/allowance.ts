import type { Command } from 'commander'
import type { AllowanceHolder } from '../../shared/allowance/allowance.ts'
import { PERIOD_SECONDS_MAX } from '../../shared/allowance/decisions.ts'
import { refuse } from '../../shared/economy/refusal.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused, refused } from '../command-failure.ts'
import { LIMIT, wholeNumber } from '../input/option-readers.ts'
import { readAmountArgument } from '../input/read-amount-argument.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeAllowance } from '../show/describe-allowance.ts'
import { renderTable } from '../show/table.ts'

const JSON_OPTION = ['--json', 'print one JSON document'] as const
const OWNER_OPTION = [
  '--owner <text>',
  'for all agents of this owner together, in place of one agent',
] as const

type HolderOptions = OutputOptions & { owner?: string }
type SetOptions = HolderOptions & { amount: string; period: number; cap: string }

/** `bourse allowance ...`: what agents are given regularly. */
export function registerAllowance(program: Command): void {
  const allowance = program.command('allowance').description('credits that agents are given regularly')

  allowance
    .command('set <market> [agent]')
    .description('give an allowance, or change the one there is; it is paid as each next period begins')
    .option(...OWNER_OPTION)
    .requiredOption('--amount <credits>', 'what each period adds')
    .requiredOption(
      '--period <seconds>',
      'how long a period is; they are counted from 1970 on',
      wholeNumber(1, PERIOD_SECONDS_MAX),
    )
    .requiredOption('--cap <credits>', 'what may be there of it unspent at most')
    .option(...JSON_OPTION)
    .action((marketId: string, agent: string | undefined, options: SetOptions) =>
      runCommand(options, async servers => {
        const set = acceptedOrRefused(
          await servers.allowances().set({
            marketId,
            holder: holderOf(agent, options),
            amountMicro: readAmountArgument(options.amount),
            periodSeconds: options.period,
            capMicro: readAmountArgument(options.cap),
            actor: cliActor(),
          }),
        )
        await printAnswer(options, { ...set, marketId }, () => `${describeAllowance(set.allowance)}.\n`)
      }),
    )

  allowance
    .command('end <market> [agent]')
    .description('end an allowance; what was paid stays')
    .option(...OWNER_OPTION)
    .option(...JSON_OPTION)
    .action((marketId: string, agent: string | undefined, options: HolderOptions) =>
      runCommand(options, async servers => {
        const holder = holderOf(agent, options)
        const ended = acceptedOrRefused(
          await servers.allowances().end({ marketId, holder, actor: cliActor() }),
        )
        await printAnswer(options, { ...ended, marketId }, () =>
          ended.ended ? 'The allowance has ended.\n' : 'There was no allowance.\n',
        )
      }),
    )

  allowance
    .command('list <market>')
    .description('the allowances of a market')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option(...JSON_OPTION)
    .action((marketId: string, options: OutputOptions & { limit: number }) =>
      runCommand(options, async servers => {
        const { items } = acceptedOrRefused(await servers.allowances().list(marketId, options.limit))
        await printAnswer(options, { ok: true, marketId, items }, () =>
          renderTable(
            [
              'agent',
              'owner',
              { right: 'amount' },
              { right: 'every s' },
              { right: 'cap' },
              { right: 'unspent' },
              'next',
            ],
            items.map(one => [
              one.agent,
              one.owner,
              one.amount,
              one.periodSeconds,
              one.cap,
              one.unspent,
              one.nextAt,
            ]),
          ),
        )
      }),
    )
}

function holderOf(agent: string | undefined, { owner }: HolderOptions): AllowanceHolder {
  if (agent !== undefined && owner === undefined) return { agent }
  if (agent === undefined && owner !== undefined) return { owner }
  throw refused(refuse('invalid_allowance', 'name one agent, or an owner by --owner', 'agent').error)
}
