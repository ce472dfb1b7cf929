import { type Refusal, refuse } from '../economy/refusal.ts'

/** One agent has so many connections at most, so that it cannot take all that a server has. */
export const CONNECTIONS_PER_AGENT_MAX = 32
/** All agents of one owner together have so many, if nothing else is set: as one agent, so that splitting gains nothing. */
export const CONNECTIONS_PER_OWNER_MAX = 32
/** All agents together; a server takes 2,000 (workers/stack/nats.ts), and the others are the platform's own. */
export const CONNECTIONS_OF_AGENTS_MAX = 1_800

/** Connections that are open: of the agent, of all agents of its owner (0 without one), and of all agents. */
export interface OpenConnections {
  ofAgent: number
  ofOwner: number
  all: number
}

/** Why an agent may not have one more connection, or null: it may. */
export function connectionProblem(
  agent: string,
  open: OpenConnections,
  perOwnerMax = CONNECTIONS_PER_OWNER_MAX,
): Refusal | null {
  const tooMany = (who: string, most: number, remedy: string) =>
    refuse('too_many_connections', `${who} ${most} connections, the most allowed: ${remedy}`)
  if (open.ofAgent >= CONNECTIONS_PER_AGENT_MAX) {
    return tooMany(`agent ${agent} has`, CONNECTIONS_PER_AGENT_MAX, 'close one')
  }
  if (open.ofOwner >= perOwnerMax) {
    return tooMany(`the agents of agent ${agent}'s owner have together`, perOwnerMax, 'close one')
  }
  if (open.all < CONNECTIONS_OF_AGENTS_MAX) return null
  return tooMany('all agents have together', CONNECTIONS_OF_AGENTS_MAX, 'try again later')
}
