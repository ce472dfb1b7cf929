import { type Refusal, refuse } from '../economy/refusal.ts'

/** One agent has so many connections at most, so that it cannot take all that a server has. */
export const CONNECTIONS_PER_AGENT_MAX = 32
/** All agents together; a server takes 2,000 (workers/stack/nats.ts), and the others are the platform's own. */
export const CONNECTIONS_OF_AGENTS_MAX = 1_800

/** Why an agent may not have one more connection, or null: it may. */
export function connectionProblem(agent: string, open: { own: number; all: number }): Refusal | null {
  if (open.own >= CONNECTIONS_PER_AGENT_MAX) {
    return refuse(
      'too_many_connections',
      `agent ${agent} has ${CONNECTIONS_PER_AGENT_MAX} connections, the most allowed: close one`,
    )
  }
  if (open.all < CONNECTIONS_OF_AGENTS_MAX) return null
  return refuse(
    'too_many_connections',
    `agents have ${CONNECTIONS_OF_AGENTS_MAX} connections together, the most allowed: try again later`,
  )
}
