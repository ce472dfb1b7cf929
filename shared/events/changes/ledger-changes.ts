import type { BourseEvent } from '../envelope.ts'
import type { EconomyState, HoldState } from '../state.ts'
import type { ledgerEvents } from '../types/ledger-events.ts'
import {
  agentIdOf,
  agentOf,
  type ChangesOf,
  changesNothing,
  EventDoesNotFit,
  type EventOf,
  marketOf,
  microOf,
  setAside,
} from './change.ts'

/** Balances move only by minted, transferred, escrowed and burned credits; what is held by holds and bids. */
export const ledgerChanges: ChangesOf<typeof ledgerEvents> = {
  balance_queried: changesNothing,
  credits_minted(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    marketOf(state, event).mintedMicro += amountMicro
    agentOf(state, event, event.data.agent_id).availableMicro += amountMicro
  },
  credits_transferred(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    agentOf(state, event, event.data.from_agent).availableMicro -= amountMicro
    agentOf(state, event, event.data.to_agent).availableMicro += amountMicro
    // A settled hold is paid by the transfer that follows it, under the hold's correlation.
    const hold = state.holds.get(event.correlation_id)
    if (hold?.status === 'settled') hold.settledTo ??= event.data.to_agent
  },
  credits_burned(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    marketOf(state, event).burnedMicro += amountMicro
    agentOf(state, event, event.data.agent_id).availableMicro -= amountMicro
  },
  ledger_adjusted: changesNothing,

  allowance_set(state, event) {
    const { amount, period_seconds: periodSeconds, rollover_cap: cap } = event.data
    state.allowances.set(allowanceOf(event), {
      amountMicro: microOf(event, amount),
      periodSeconds,
      capMicro: microOf(event, cap),
    })
  },
  allowance_ended(state, event) {
    const holder = allowanceOf(event)
    if (!state.allowances.delete(holder))
      throw new EventDoesNotFit(event, `there is no allowance of ${holder}`)
  },

  hold_placed(state, event) {
    const { hold_id: holdId, amount, ref } = event.data
    if (state.holds.has(holdId)) throw new EventDoesNotFit(event, `hold ${holdId} exists`)
    const agent = agentIdOf(event)
    const amountMicro = microOf(event, amount)
    setAside(agentOf(state, event, agent), amountMicro)
    state.holds.set(holdId, { agent, amountMicro, ref, status: 'held', settledTo: null })
  },
  hold_settled(state, event) {
    endHold(state, event, 'settled')
  },
  hold_released(state, event) {
    endHold(state, event, 'released')
  },

  credits_escrowed(state, event) {
    const amountMicro = microOf(event, event.data.amount)
    agentOf(state, event, event.data.agent_id).availableMicro -= amountMicro
    marketOf(state, event).escrowMicro += amountMicro
  },
  escrow_released(state, event) {
    const amountMicro = takeFromEscrow(state, event, event.data.amount)
    agentOf(state, event, event.data.agent_id).availableMicro += amountMicro
  },
  escrow_burned(state, event) {
    marketOf(state, event).burnedMicro += takeFromEscrow(state, event, event.data.amount)
  },
  human_reward_issued(state, event) {
    const { prompt_id: promptId, scores, credits_awarded: awarded } = event.data
    const prompt = state.prompts.get(promptId)
    if (prompt?.status !== 'open') throw new EventDoesNotFit(event, `there is no open prompt ${promptId}`)
    prompt.status = 'rewarded'
    prompt.scores = scores
    prompt.awardedMicro = microOf(event, awarded)
  },
}

function endHold(
  state: EconomyState,
  event: EventOf<'hold_settled' | 'hold_released'>,
  status: Exclude<HoldState['status'], 'held'>,
): void {
  const { hold_id: holdId } = event.data
  const hold = state.holds.get(holdId)
  if (hold?.status !== 'held') throw new EventDoesNotFit(event, `there is no open hold ${holdId}`)
  hold.status = status
  setAside(agentOf(state, event, hold.agent), -hold.amountMicro)
}

function allowanceOf(event: EventOf<'allowance_set' | 'allowance_ended'>): string {
  const { agent_id: agent, owner } = event.data
  return agent === null ? `owner/${owner}` : `agent/${agent}`
}

function takeFromEscrow(state: EconomyState, event: BourseEvent, amount: string): bigint {
  const amountMicro = microOf(event, amount)
  const market = marketOf(state, event)
  if (market.escrowMicro < amountMicro) throw new EventDoesNotFit(event, 'so much is not in escrow')
  market.escrowMicro -= amountMicro
  return amountMicro
}
