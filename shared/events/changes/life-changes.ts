import type { BourseEvent } from '../envelope.ts'
import type { AgentState, EconomyState } from '../state.ts'
import type { lifeEvents } from '../types/life-events.ts'
import { agentIdOf, agentOf, type ChangesOf, changesNothing, EventDoesNotFit, microOf } from './change.ts'

export const lifeChanges: ChangesOf<typeof lifeEvents> = {
  agent_registered(state, event) {
    addAgent(state, event, agentIdOf(event), { owner: event.data.owner ?? null, parent: null })
  },
  agent_spawned(state, event) {
    const { parent_id: parent, child_id: child } = event.data
    addAgent(state, event, child, { owner: agentOf(state, event, parent).owner, parent })
  },
  agent_dormant(state, event) {
    changeStatus(state, event, 'alive', 'dormant')
  },
  agent_awake(state, event) {
    changeStatus(state, event, 'dormant', 'alive')
  },
  agent_died(state, event) {
    changeStatus(state, event, 'dormant', 'dead')
  },
  agent_revived(state, event) {
    changeStatus(state, event, 'dead', 'alive')
  },
  agent_frozen(state, event) {
    agentOf(state, event, agentIdOf(event)).frozen = true
  },
  agent_unfrozen(state, event) {
    agentOf(state, event, agentIdOf(event)).frozen = false
  },
  agent_token_issued: changesNothing,
  agent_token_revoked: changesNothing,
  lease_token_issued: changesNothing,

  execution_started(state, event) {
    const { execution_id: executionId, lease_id: leaseId } = event.data
    if (state.executions.has(executionId)) throw new EventDoesNotFit(event, `execution ${executionId} exists`)
    const agent = agentIdOf(event)
    state.executions.set(executionId, { agent, leaseId, status: 'running', exitCode: null, reason: null })
  },
  execution_terminated(state, event) {
    const { execution_id: executionId, exit_code: exitCode, reason } = event.data
    const execution = state.executions.get(executionId)
    if (execution?.status !== 'running')
      throw new EventDoesNotFit(event, `there is no running execution ${executionId}`)
    execution.status = 'terminated'
    execution.exitCode = exitCode
    execution.reason = reason
  },

  prompt_opened(state, event) {
    const { prompt_id: promptId, lease_id: leaseId, amount, text, expires_at: expiresAt } = event.data
    if (state.prompts.has(promptId)) throw new EventDoesNotFit(event, `prompt ${promptId} exists`)
    state.prompts.set(promptId, {
      agent: agentIdOf(event),
      leaseId,
      amountMicro: microOf(event, amount),
      text,
      expiresAt,
      status: 'open',
      scores: null,
      awardedMicro: null,
    })
  },
  prompt_expired(state, event) {
    const prompt = state.prompts.get(event.data.prompt_id)
    if (prompt?.status !== 'open')
      throw new EventDoesNotFit(event, `there is no open prompt ${event.data.prompt_id}`)
    prompt.status = 'expired'
  },
}

function addAgent(
  state: EconomyState,
  event: BourseEvent,
  name: string,
  origin: Pick<AgentState, 'owner' | 'parent'>,
): void {
  if (state.agents.has(name)) throw new EventDoesNotFit(event, `agent ${name} exists`)
  state.agents.set(name, {
    ...origin,
    status: 'alive',
    frozen: false,
    availableMicro: 0n,
    heldMicro: 0n,
    openBids: 0,
  })
}

function changeStatus(
  state: EconomyState,
  event: BourseEvent,
  from: AgentState['status'],
  to: AgentState['status'],
): void {
  const agent = agentOf(state, event, agentIdOf(event))
  if (agent.status !== from)
    throw new EventDoesNotFit(event, `agent ${event.agent_id} is ${agent.status}, not ${from}`)
  agent.status = to
}
