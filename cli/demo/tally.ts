import type { BourseEvent } from '../../shared/events/envelope.ts'
import { formatCredits, readCredits } from '../../shared/money/credits.ts'
import type { ModelCalls } from './model-callers.ts'

/** What one agent did and got, told by events alone; credits in millionths. */
export interface AgentTally {
  agent: string
  bids: number
  won: number
  outbid: number
  cancelled: number
  expired: number
  refused: number
  /** What it was given, less what it gave away. */
  endowedMicro: bigint
  paidMicro: bigint
  /** Share of all capacity times seconds won, summed over resources. */
  capacitySeconds: number
}

export interface Tally {
  agents: Map<string, AgentTally>
  refusals: Map<string, number>
  leasesEnded: number
  /** How often a posted price moved. */
  pricesMoved: number
  cycles: Extract<BourseEvent, { type: 'cycle_cleared' }>['data'][]
  /** Upstreams of models whose circuits opened, and closed again. */
  circuits: { opened: string[]; closed: string[] }
  /** Counted by whoever calls; all else is told by events. */
  modelCalls: ModelCalls
  lastSeq: number
}

export function newTally(modelCalls: ModelCalls): Tally {
  return {
    agents: new Map(),
    refusals: new Map(),
    leasesEnded: 0,
    pricesMoved: 0,
    cycles: [],
    circuits: { opened: [], closed: [] },
    modelCalls,
    lastSeq: 0,
  }
}

/** Counts one event in. */
export function count(tally: Tally, event: BourseEvent): void {
  tally.lastSeq = event.seq
  const agent = event.agent_id === undefined ? null : agentOf(tally, event.agent_id)
  switch (event.type) {
    case 'credits_minted':
      agentOf(tally, event.data.agent_id).endowedMicro += microOf(event.data.amount)
      break
    case 'credits_transferred':
      agentOf(tally, event.data.from_agent).endowedMicro -= microOf(event.data.amount)
      agentOf(tally, event.data.to_agent).endowedMicro += microOf(event.data.amount)
      break
    case 'credits_escrowed':
      agentOf(tally, event.data.agent_id).endowedMicro -= microOf(event.data.amount)
      break
    case 'escrow_released':
      agentOf(tally, event.data.agent_id).endowedMicro += microOf(event.data.amount)
      break
    case 'price_update':
      if (event.data.old_price !== event.data.new_price) tally.pricesMoved += 1
      break
    case 'bid_placed':
      agent!.bids += 1
      break
    case 'bid_rejected':
      if (agent !== null) agent.refused += event.data.count
      tally.refusals.set(event.data.reason, (tally.refusals.get(event.data.reason) ?? 0) + event.data.count)
      break
    case 'bid_processed':
      if (event.data.status === 'winning') agent!.won += 1
      else agent!.outbid += 1
      break
    case 'bid_cancelled':
      agent!.cancelled += 1
      break
    case 'bid_expired':
      agent!.expired += 1
      break
    case 'credits_burned':
      if (event.data.reason === 'bid_payment') agent!.paidMicro += microOf(event.data.amount)
      else agent!.endowedMicro -= microOf(event.data.amount)
      break
    case 'resources_allocated': {
      const { durationSeconds = 0, ...fractions } = event.data.bundle
      const share = Object.values(fractions).reduce((sum, fraction) => sum + fraction, 0)
      agent!.capacitySeconds += share * durationSeconds
      break
    }
    case 'lease_ended':
      tally.leasesEnded += 1
      break
    case 'llm_circuit_opened':
      tally.circuits.opened.push(event.data.upstream)
      break
    case 'llm_circuit_closed':
      tally.circuits.closed.push(event.data.upstream)
      break
    case 'cycle_cleared':
      tally.cycles.push(event.data)
      break
  }
}

/** Credits paid for each full capacity-second won, or null when nothing was won. */
export function pricePaid({ paidMicro, capacitySeconds }: AgentTally): string | null {
  if (capacitySeconds === 0) return null
  return formatCredits(BigInt(Math.round(Number(paidMicro) / capacitySeconds / 10_000)) * 10_000n)
}

/** All winners' payments, in millionths of a credit. */
export function revenueMicro(tally: Tally): bigint {
  return [...tally.agents.values()].reduce((sum, agent) => sum + agent.paidMicro, 0n)
}

/** Mean utilisation of each resource over the cycles told, as fractions of capacity. */
export function meanUtilisation({ cycles }: Tally): Record<string, number> {
  const mean: Record<string, number> = {}
  for (const { utilisation } of cycles) {
    for (const [resource, fraction] of Object.entries(utilisation)) {
      mean[resource] = (mean[resource] ?? 0) + fraction / cycles.length
    }
  }
  return mean
}

/** Which outcomes of a bid's life have not been seen yet. */
export function missingOutcomes(tally: Tally): string[] {
  const agents = [...tally.agents.values()]
  const seen = {
    won: agents.some(agent => agent.won > 0),
    outbid: agents.some(agent => agent.outbid > 0),
    'refused for lack of balance': (tally.refusals.get('insufficient_balance') ?? 0) > 0,
    cancelled: agents.some(agent => agent.cancelled > 0),
    'lease ended': tally.leasesEnded > 0,
    'posted at another price': tally.pricesMoved > 0,
    'answered by a model': tally.modelCalls.answered > 0,
    'spared by a circuit that opened': tally.circuits.opened.length > 0,
    'helped by a circuit that closed again': tally.circuits.closed.length > 0,
  }
  return Object.entries(seen).flatMap(([outcome, isSeen]) => (isSeen ? [] : [outcome]))
}

function agentOf(tally: Tally, name: string): AgentTally {
  const known = tally.agents.get(name)
  if (known !== undefined) return known
  const agent: AgentTally = {
    agent: name,
    bids: 0,
    won: 0,
    outbid: 0,
    cancelled: 0,
    expired: 0,
    refused: 0,
    endowedMicro: 0n,
    paidMicro: 0n,
    capacitySeconds: 0,
  }
  tally.agents.set(name, agent)
  return agent
}

function microOf(credits: string): bigint {
  const read = readCredits(credits)
  if (!read.ok) throw new Error(`an event has ${credits} for credits`)
  return read.micro
}
