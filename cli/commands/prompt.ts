import type { Command } from 'commander'
import type { PromptSummary, Scores } from '../../shared/attention/attention.ts'
import { listOpenPrompts } from '../../shared/db/attention/postgres-attention.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT, wholeNumber } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { safeText } from '../show/safe-text.ts'
import { renderTable } from '../show/table.ts'
import { scoreByUpdate } from '../temporal/prompt-workflow.ts'

const MAX_LISTED_CHARACTERS = 60
const points = wholeNumber(0, 10)

/** `bourse prompt`: the human's side of attention. */
export function registerPrompt(program: Command): void {
  const prompt = program.command('prompt').description("agents' requests for a person's attention")
  registerList(prompt)
  registerShow(prompt)
  registerScore(prompt)
}

function registerList(prompt: Command): void {
  prompt
    .command('list')
    .description('the open prompts, those that offer most first')
    .argument('[market]', 'those of one market')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--json', 'print one JSON document')
    .action((marketId: string | undefined, options: OutputOptions & { limit: number }) =>
      runCommand(options, async servers => {
        if (marketId !== undefined) acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await listOpenPrompts(servers.database(), marketId ?? null, options.limit)
        await printAnswer(options, { ok: true, items }, () =>
          renderTable(
            ['prompt', 'market', 'agent', { right: 'offers' }, 'opened', 'expires', 'text'],
            items.map(one => [
              one.promptId,
              one.marketId,
              one.agent,
              one.amount,
              one.openedAt,
              one.expiresAt ?? 'never',
              shortened(one.text),
            ]),
          ),
        )
      }),
    )
}

function registerShow(prompt: Command): void {
  prompt
    .command('show <prompt>')
    .description('one prompt with its whole text')
    .option('--json', 'print one JSON document')
    .action((promptId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const found = acceptedOrRefused(await servers.attention().findPrompt(promptId))
        await printAnswer(options, found, () => describe(found))
      }),
    )
}

function registerScore(prompt: Command): void {
  prompt
    .command('score <prompt>')
    .description('reward a prompt, once, by three scores from 0 to 10')
    .requiredOption('--interesting <points>', 'from 0 to 10', points)
    .requiredOption('--useful <points>', 'from 0 to 10', points)
    .requiredOption('--understandable <points>', 'from 0 to 10', points)
    .option('--json', 'print one JSON document')
    .action((promptId: string, options: OutputOptions & Scores) =>
      runCommand(options, async servers => {
        const found = acceptedOrRefused(await servers.attention().findPrompt(promptId))
        const { interesting, useful, understandable } = options
        const { awarded } = await scoreByUpdate(
          await servers.temporal(),
          servers.environment().temporal.taskQueue,
          found,
          { interesting, useful, understandable, actor: cliActor() },
        )
        const answer = { ok: true, promptId, status: 'rewarded', awarded }
        await printAnswer(options, answer, () => `${found.agent} was awarded ${awarded} credits.\n`)
      }),
    )
}

function describe({
  agent,
  marketId,
  text,
  amount,
  status,
  scores,
  awarded,
  expiresAt,
}: PromptSummary): string {
  const head = `Agent ${agent} of market ${marketId} offers ${amount} credits.`
  const state =
    scores === null
      ? `It is ${status}${status === 'open' ? `, ${expiresAt === null ? 'and never expires' : `until ${expiresAt}`}` : ''}.`
      : `Scored interesting ${scores.interesting}, useful ${scores.useful}, understandable ${scores.understandable}: ${awarded} credits.`
  const lines = text.split('\n').map(line => `  ${safeText(line)}`)
  return [head, '', ...lines, '', state, ''].join('\n')
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > MAX_LISTED_CHARACTERS ? `${line.slice(0, MAX_LISTED_CHARACTERS)}...` : line
}
