import { randomUUID } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../../shared/contracts/search-attributes.ts'
import { agentWorkflowId, marketWorkflowId } from '../../shared/contracts/workflows.ts'
import type { Cast } from '../cast.ts'
import { type FaultKind, HEALS_ITSELF, type Target } from './kind.ts'

/** Each stands for whichever of its type runs in a market at the moment, as in `cycle/m-1`. */
const RUNNING = { cycle: 'allocationCycle', prompt: 'attentionPrompt', execution: 'execution' } as const
type Running = keyof typeof RUNNING
const CALL_WAIT_MS = 5_000

const workflows = ({ markets, agents }: Cast) =>
  markets.flatMap(market => [
    ...Array.from({ length: agents.length }, () => marketWorkflowId(market)),
    ...(Object.keys(RUNNING) as Running[]).flatMap(one =>
      Array.from({ length: agents.length }, () => `${one}/${market}`),
    ),
    ...agents.map(agent => agentWorkflowId(market, agent)),
  ])

/** Terminates a workflow, as an operator does in the Temporal UI. */
export const terminate: FaultKind = {
  name: 'terminate',
  weight: 3,
  targets: workflows,
  plan: () => ({ lastsMs: 0, detail: {} }),
  inject: ({ target }, { doors }) =>
    onRunning(doors, target, async workflowId => {
      await doors.temporal.workflow.getHandle(workflowId).terminate('a fault')
    }),
}

/** Resets a workflow to one of its earlier steps: what came after is done again. */
export const reset: FaultKind = {
  name: 'reset',
  weight: 3,
  targets: workflows,
  plan: random => ({ lastsMs: 0, detail: { backPercent: random.below(101) } }),
  inject: ({ target, detail }, { doors }) =>
    onRunning(doors, target, async workflowId => {
      const step = await stepBack(doors.temporal, workflowId, Number(detail.backPercent) / 100)
      await doors.temporal.workflowService.resetWorkflowExecution({
        namespace: doors.environment.temporal.namespace,
        workflowExecution: { workflowId },
        reason: 'a fault',
        requestId: randomUUID(),
        workflowTaskFinishEventId: step,
      })
    }),
}

/** Does something to the workflow meant when it runs; what Temporal cannot do just now is a miss. */
async function onRunning(doors: Target['doors'], target: string, act: (workflowId: string) => Promise<void>) {
  const { temporal } = doors
  try {
    return await temporal.connection.withDeadline(Date.now() + CALL_WAIT_MS, async () => {
      const workflowId = await runningId(temporal, target)
      if (workflowId === null) return { missed: 'no such workflow is running' }
      await act(workflowId)
      return { heal: HEALS_ITSELF, note: workflowId }
    })
  } catch (error) {
    return { missed: (error as Error).message }
  }
}

async function runningId(temporal: Client, target: string): Promise<string | null> {
  const [kind, market] = target.split('/') as [string, string]
  const type = Object.hasOwn(RUNNING, kind) ? RUNNING[kind as Running] : null
  const which =
    type === null
      ? `WorkflowId = "${target}"`
      : `WorkflowType = "${type}" AND ${SEARCH_ATTRIBUTES.market.name} = "${market}"`
  const query = `${which} AND ExecutionStatus = "Running"`
  for await (const { workflowId } of temporal.workflow.list({ query })) return workflowId
  return null
}

/** The event of the finished step that lies so far back; 0: the newest, 1: the first. */
async function stepBack(temporal: Client, workflowId: string, back: number) {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory()
  const steps = (events ?? []).filter(event => event.workflowTaskCompletedEventAttributes)
  const step = steps[Math.floor((steps.length - 1) * (1 - back))]
  if (step === undefined) throw new Error('the workflow has finished no step yet')
  return step.eventId!
}
