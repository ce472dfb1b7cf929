import { PPM_OF_CAPACITY, readBundle } from '../../bundle/bundle.ts'
import { readCredits } from '../../money/credits.ts'
import type { BourseEvent } from '../envelope.ts'
import type { EventName } from '../registry.ts'
import type { AgentState, BidState, EconomyState, MarketState } from '../state.ts'

/** An event tells a change that cannot happen to this state: events are missing, or were never true. */
export class EventDoesNotFit extends Error {
  readonly seq: number

  constructor(event: Pick<BourseEvent, 'seq' | 'type'>, problem: string) {
    super(`event ${event.seq} (${event.type}) does not fit: ${problem}`)
    this.name = 'EventDoesNotFit'
    this.seq = event.seq
  }
}

export type EventOf<Name extends EventName> = Extract<BourseEvent, { type: Name }>

/** What each type of these changes; a type without its line does not compile. */
export type ChangesOf<Types> = {
  [Name in keyof Types & EventName]: (state: EconomyState, event: EventOf<Name>) => void
}

/** The line of a type that changes nothing that is rebuilt. */
export function changesNothing(): void {}

export function marketOf(state: EconomyState, event: BourseEvent): MarketState {
  if (state.market === null) throw new EventDoesNotFit(event, 'the market was not created')
  return state.market
}

/** The name of the agent that the event is about. */
export function agentIdOf(event: BourseEvent): string {
  if (event.agent_id === undefined) throw new EventDoesNotFit(event, 'it names no agent')
  return event.agent_id
}

export function agentOf(state: EconomyState, event: BourseEvent, name: string): AgentState {
  const agent = state.agents.get(name)
  if (agent === undefined) throw new EventDoesNotFit(event, `there is no agent ${name}`)
  return agent
}

export function bidOf(state: EconomyState, event: BourseEvent, bidId: string): BidState {
  const bid = state.bids.get(bidId)
  if (bid === undefined) throw new EventDoesNotFit(event, `there is no bid ${bidId}`)
  return bid
}

/** Moves credits from available to held; back, when negative. */
export function setAside(agent: AgentState, amountMicro: bigint): void {
  agent.availableMicro -= amountMicro
  agent.heldMicro += amountMicro
}

export function microOf(event: BourseEvent, credits: string): bigint {
  const read = readCredits(credits)
  if (!read.ok) throw new EventDoesNotFit(event, read.problem)
  return read.micro
}

export function bundleOf(state: EconomyState, event: BourseEvent, bundle: Record<string, number>) {
  const resources = marketOf(state, event).resources.map(resource => resource.name)
  const read = readBundle(bundle, resources)
  if (!read.ok) throw new EventDoesNotFit(event, read.problem)
  return { quantitiesPpm: read.quantitiesPpm, durationSeconds: read.durationSeconds }
}

export function ppmOf(fraction: number): number {
  return Math.round(fraction * PPM_OF_CAPACITY)
}
