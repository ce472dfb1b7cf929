import type { Command } from 'commander'
import { MAX_GRACE_SECONDS } from '../shared/identity/identity.ts'
import { agentEnvironment, describeStart } from './agent-start.ts'
import { cliActor } from './cli-actor.ts'
import { acceptedOrRefused } from './command-failure.ts'
import { wholeNumber } from './input/option-readers.ts'
import { runCommand } from './run-command.ts'
import { type OutputOptions, printAnswer } from './show/answer.ts'
import type { Servers } from './stack/servers.ts'

/** `bourse agent token|revoke|freeze|unfreeze|revive`: by what an agent shows who it is, and whether it may act. */
export function registerAgentAccess(agent: Command): void {
  agent
    .command('token <market> <agent>')
    .description('give an agent a new token, shown this once; those it had end')
    .option('--grace <seconds>', 'how long those stay good', wholeNumber(0, MAX_GRACE_SECONDS), 0)
    .option('--json', 'print one JSON document')
    .action((marketId: string, name: string, options: OutputOptions & { grace: number }) =>
      runCommand(options, async servers => {
        const issue = async () =>
          acceptedOrRefused(
            await servers
              .identity()
              .issueAgentToken({ marketId, agent: name, graceSeconds: options.grace, actor: cliActor() }),
          )
        const { ended: issued, closed } =
          options.grace > 0
            ? { ended: await issue(), closed: 0 }
            : await closingConnections(servers, { marketId, agent: name }, issue)
        const agentNames = { marketId, agent: name, token: issued.token }
        const environment = agentEnvironment(servers.environment().nats, agentNames)
        await printAnswer(
          options,
          { ...issued, marketId, closed, environment },
          () =>
            describeToken(issued.token) +
            describeReplaced(issued.replaced, options.grace) +
            describeStart(environment),
        )
      }),
    )

  agent
    .command('revoke <market> <agent>')
    .description('end every token of an agent, at once')
    .option('--reason <text>', 'why, for the audit', 'revoked')
    .option('--json', 'print one JSON document')
    .action((marketId: string, name: string, options: OutputOptions & { reason: string }) =>
      runCommand(options, async servers => {
        const { reason } = options
        const revoke = async () =>
          acceptedOrRefused(
            await servers.identity().revokeAgentTokens({ marketId, agent: name, reason, actor: cliActor() }),
          )
        const { ended: revoked, closed } = await closingConnections(
          servers,
          { marketId, agent: name },
          revoke,
        )
        await printAnswer(
          options,
          { ...revoked, marketId, closed },
          () =>
            `Agent ${revoked.agent} has no token any more; ${revoked.revoked} ended now, ` +
            `${closed ?? 'soon all'} of its connections were closed.\n`,
        )
      }),
    )

  for (const verb of ['freeze', 'unfreeze'] as const) {
    agent
      .command(`${verb} <market> <agent>`)
      .description(
        verb === 'freeze'
          ? 'keep an agent from acting: its open bids are released, and it may only look'
          : 'let a frozen agent act again',
      )
      .requiredOption('--reason <text>', 'why, for the audit')
      .option('--json', 'print one JSON document')
      .action((marketId: string, name: string, options: OutputOptions & { reason: string }) =>
        runCommand(options, async servers => {
          const request = { marketId, agent: name, reason: options.reason, actor: cliActor() }
          const done = acceptedOrRefused<{ agent: string; frozen: boolean; released?: number }>(
            verb === 'freeze'
              ? await servers.identity().freezeAgent(request)
              : await servers.identity().unfreezeAgent(request),
          )
          await printAnswer(options, { ...done, marketId }, () =>
            done.frozen
              ? `Agent ${name} is frozen; ${done.released} open bids were released.\n`
              : `Agent ${name} may act again.\n`,
          )
        }),
      )
  }

  agent
    .command('revive <market> <agent>')
    .description('make a dead agent alive again, or wake a dormant one')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--json', 'print one JSON document')
    .action((marketId: string, name: string, options: OutputOptions & { reason: string }) =>
      runCommand(options, async servers => {
        const request = { marketId, agent: name, reason: options.reason, actor: cliActor() }
        const revived = acceptedOrRefused(await servers.identity().reviveAgent(request))
        await printAnswer(options, { ...revived, marketId }, () =>
          revived.was === 'alive'
            ? `Agent ${name} was alive.\n`
            : `Agent ${name} is alive; it was ${revived.was}.\n`,
        )
      }),
    )
}

/**
 * Ends an agent's tokens by `end`, and the connections it had and has; says how many those were. Null: without a user of
 * NATS's system account, which leaves them to the identity process for a moment. That process may be quicker than this
 * one, so connections are looked for before, too. Tokens end whether or not NATS can be reached.
 */
async function closingConnections<T>(
  servers: Servers,
  { marketId, agent }: { marketId: string; agent: string },
  end: () => Promise<T>,
): Promise<{ ended: T; closed: number | null }> {
  const { natsSystem } = servers.environment()
  if (natsSystem === undefined) return { ended: await end(), closed: null }
  const { connectBus } = await import('../shared/bus/connect.ts')
  const { closeAgentConnections, listAgentConnections } = await import('../shared/bus/agent-connections.ts')
  const reaching = connectBus(natsSystem, 'bourse cli')
  const listOwn = async () => {
    const all = await listAgentConnections(await reaching)
    return all.filter(one => one.marketId === marketId && one.agent === agent)
  }
  try {
    const before = await listOwn().catch(() => [])
    const ended = await end()
    const closing = new Map(
      [...before, ...(await listOwn())].map(one => [`${one.serverId}/${one.clientId}`, one]),
    )
    await closeAgentConnections(await reaching, [...closing.values()])
    return { ended, closed: closing.size }
  } finally {
    await reaching.then(
      system => system.close(),
      () => {},
    )
  }
}

/** A token as it is shown, this once. */
export function describeToken(token: string): string {
  return `Its token, shown now and never again:\n  ${token}\n`
}

function describeReplaced(replaced: number, graceSeconds: number): string {
  if (replaced === 0) return ''
  const end = graceSeconds === 0 ? 'ended now' : `is good for ${graceSeconds} more seconds`
  return `The one it had ${end}.\n`
}
