import type { Command } from 'commander'
import { findAgentId } from '../../shared/db/agents/find-agent-id.ts'
import { listAgents, readAgent } from '../../shared/db/agents/list-agents.ts'
import { readAgentStory } from '../../shared/db/agents/read-agent-story.ts'
import { atOneSnapshot } from '../../shared/db/transaction.ts'
import { refuse } from '../../shared/economy/refusal.ts'
import { readCredits } from '../../shared/money/credits.ts'
import type { Program } from '../../shared/program/program.ts'
import { readProgramFolder } from '../../shared/program/read-program-folder.ts'
import { describeToken, registerAgentAccess } from '../agent-access.ts'
import { agentEnvironment, describeStart } from '../agent-start.ts'
import { registerCheckToken } from '../check-token.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused, refused } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { describeAgent } from '../show/describe-agent.ts'
import { renderTable } from '../show/table.ts'

type AddOptions = OutputOptions & { credits: string; owner?: string; name?: string; program?: string }

/** `bourse agent ...`: add agents to a market and look at them. */
export function registerAgent(program: Command): void {
  const agent = program.command('agent').description('add agents to a market and look at them')

  agent
    .command('add <market> <agent>')
    .description('add an agent, endowed from the mint, and show its token: this once')
    .requiredOption('--credits <amount>', 'what it starts with, 0 or more credits, such as 500 or 12.5')
    .option('--owner <text>', 'who answers for it')
    .option('--name <text>', 'what people call it')
    .option('--program <folder>', 'what runs on what it wins: a folder with an agent.json')
    .option('--json', 'print one JSON document')
    .action((marketId: string, name: string, options: AddOptions) =>
      runCommand(options, async servers => {
        const registered = acceptedOrRefused(
          await servers.economy().registerAgent({
            marketId,
            agent: name,
            creditsMicro: readEndowment(options.credits),
            ...(options.program === undefined ? {} : { program: readProgram(options.program) }),
            ...(options.owner === undefined ? {} : { owner: options.owner }),
            ...(options.name === undefined ? {} : { displayName: options.name }),
          }),
        )
        const { token } = acceptedOrRefused(
          await servers
            .identity()
            .issueAgentToken({ marketId, agent: name, graceSeconds: 0, actor: cliActor() }),
        )
        const environment = agentEnvironment(servers.environment().nats, { marketId, agent: name, token })
        await printAnswer(
          options,
          { ...registered, marketId, token, environment },
          () =>
            `Agent ${registered.agent} is in market ${marketId} with ${registered.balance} credits.\n` +
            describeToken(token) +
            describeStart(environment),
        )
      }),
    )

  registerAgentAccess(agent)
  registerCheckToken(agent)

  agent
    .command('list <market>')
    .description('the agents of a market and their money')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--after <agent>', 'only those after this one, by id')
    .option('--json', 'print one JSON document')
    .action((marketId: string, options: OutputOptions & { limit: number; after?: string }) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await listAgents(servers.database(), marketId, options.limit, options.after)
        await printAnswer(options, { ok: true, marketId, items }, () =>
          renderTable(
            [
              'agent',
              'name',
              'status',
              { right: 'balance' },
              { right: 'available' },
              { right: 'held' },
              { right: 'open bids' },
            ],
            items.map(one => [
              one.agent,
              one.displayName,
              one.status,
              one.balance,
              one.available,
              one.held,
              one.openBids,
            ]),
          ),
        )
      }),
    )

  agent
    .command('show <market> <agent>')
    .description('one agent: its money, its life, what it did and what became of it')
    .option('--json', 'print one JSON document')
    .action((marketId: string, name: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const { agentId } = acceptedOrRefused(await findAgentId(servers.database(), marketId, name))
        const shown = (await readAgent(servers.database(), marketId, name))!
        const story = await atOneSnapshot(servers.database(), client =>
          readAgentStory(client, marketId, { agentId, agent: name }),
        )
        await printAnswer(options, { ok: true, marketId, ...shown, story }, () => describeAgent(shown, story))
      }),
    )
}

function readProgram(folder: string): Program {
  return acceptedOrRefused(readProgramFolder(folder)).program
}

function readEndowment(text: string): bigint {
  const credits = readCredits(text)
  if (!credits.ok) throw refused(refuse('invalid_amount', `credits: ${credits.problem}`, 'credits').error)
  if (credits.micro < 0n) {
    throw refused(refuse('invalid_amount', 'credits: an endowment is 0 or more credits', 'credits').error)
  }
  return credits.micro
}
