import type { Command } from 'commander'
import { createPostgresExecutions } from '../../shared/db/executions/executions.ts'
import {
  type ListedExecution,
  listExecutions,
  type ShownExecution,
  showExecution,
} from '../../shared/db/executions/list-executions.ts'
import { cliActor } from '../cli-actor.ts'
import { acceptedOrRefused } from '../command-failure.ts'
import { LIMIT } from '../input/option-readers.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { safeText } from '../show/safe-text.ts'
import { renderFacts, renderTable } from '../show/table.ts'
import { tellExecutionToStop } from '../temporal/execution-workflow.ts'

/** `bourse execution ...`: what agents' programs do on the leases they won. */
export function registerExecution(program: Command): void {
  const execution = program.command('execution').description("agents' programs on the leases they won")

  execution
    .command('list <market> [agent]')
    .description('executions of a market, or of one agent: those to come first, then the newest')
    .option(LIMIT.flags, LIMIT.help, LIMIT.read, LIMIT.usual)
    .option('--json', 'print one JSON document')
    .action((marketId: string, agent: string | undefined, options: OutputOptions & { limit: number }) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const items = await listExecutions(servers.database(), marketId, options.limit, agent)
        await printAnswer(options, { ok: true, marketId, items }, () => renderExecutions(items))
      }),
    )

  execution
    .command('show <market> <lease>')
    .description('one execution, by its lease, with the end of what it wrote')
    .option('--json', 'print one JSON document')
    .action((marketId: string, leaseId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        acceptedOrRefused(await servers.economy().findMarket(marketId))
        const { execution: shown } = acceptedOrRefused(
          await showExecution(servers.database(), marketId, leaseId),
        )
        await printAnswer(options, { ok: true, marketId, ...shown }, () => describeExecution(shown))
      }),
    )

  execution
    .command('stop <market> <lease>')
    .description('end a program now; its lease goes on')
    .option('--json', 'print one JSON document')
    .action((marketId: string, leaseId: string, options: OutputOptions) =>
      runCommand(options, async servers => {
        const executions = createPostgresExecutions(servers.database(), async () => {})
        const stopping = acceptedOrRefused(await executions.requestStop(marketId, leaseId, cliActor()))
        await tellExecutionToStop(servers, leaseId, stopping.status === 'running')
        await printAnswer(options, { ...stopping, marketId }, () => `Execution ${leaseId} is told to end.\n`)
      }),
    )
}

function renderExecutions(items: readonly ListedExecution[]): string {
  return renderTable(
    ['lease', 'agent', 'status', 'started', 'ended', 'reason', { right: 'exit code' }],
    items.map(one => [
      one.leaseId,
      one.agent,
      one.status,
      one.startedAt,
      one.endedAt,
      one.refunded ? `${one.reason}, paid back` : one.reason,
      one.exitCode,
    ]),
  )
}

function describeExecution(shown: ShownExecution): string {
  const facts = renderFacts([
    ['lease', shown.leaseId],
    ['agent', shown.agent],
    ['status', shown.status],
    ['worker', shown.worker],
    ['started', shown.startedAt],
    ['ended', shown.endedAt],
    ['lease ends', shown.leaseEndsAt],
    ['reason', shown.reason],
    ['exit code', shown.exitCode],
    ['paid back', shown.refunded ? 'yes' : 'no'],
    ['stop asked by', shown.stopRequestedBy],
    ['processor', shown.cpuSeconds === null ? null : `${shown.cpuSeconds.toFixed(2)} s`],
    ['problem', shown.problem],
  ])
  return `${facts}${describeStream('standard output', shown.stdout)}${describeStream('standard error', shown.stderr)}`
}

/** A program's words, line by line, with nothing in them that a terminal would obey. */
function describeStream(title: string, { text, total }: ShownExecution['stdout']): string {
  if (total === 0) return ''
  const kept = Buffer.byteLength(text)
  const cut = kept < total ? `, the last ${kept}` : ''
  const lines = text.replace(/\n$/, '').split('\n').map(safeText)
  return `\n${title} (${total} bytes${cut}):\n${lines.map(line => `  ${line}\n`).join('')}`
}
