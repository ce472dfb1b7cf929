import type { AgentConnection } from '../../shared/bus/agent-connection.ts'

/** What a reference agent is given: the same door as anybody, and the name of the scenario it is written for. */
export interface ReferenceStart {
  connection: AgentConnection
  scenarioId: string
  trial: number
  signal: AbortSignal
  /** Where the proxy for language models is; null: there is none. */
  openaiBaseUrl: string | null
}

/** An agent that is a function of this checkout. It ends when the function does. */
export type ReferenceAgent = (start: ReferenceStart) => Promise<void>
