import type { ForwardedServer } from '../sandbox/sandbox.ts'
import type { BegunExecution } from './executions.ts'

/** A server that programs may reach, outside of their sandboxes. */
export interface ServerAddress {
  host: string
  port: number
}

/** What a program is let in with: its lease's token, and where the doors are. */
export interface LeaseAccess {
  token: string
  nats: ServerAddress
  /** Null: there is no proxy for language models. */
  llm: ServerAddress | null
}

/** Ports inside of a sandbox, the same in each. */
export const NATS_INSIDE_PORT = 4222
export const LLM_INSIDE_PORT = 8080

/** The servers that are forwarded into a program's sandbox. */
export function forwardedServers({ nats, llm }: LeaseAccess): ForwardedServer[] {
  return [
    { name: 'nats', insidePort: NATS_INSIDE_PORT, target: nats },
    ...(llm === null ? [] : [{ name: 'llm', insidePort: LLM_INSIDE_PORT, target: llm }]),
  ]
}

/** The variables by which a program finds its market, its lease and its servers; stock clients read some of them. */
export function executionEnvironment(
  { marketId, agent, leaseId, endsAt }: Pick<BegunExecution, 'marketId' | 'agent' | 'leaseId' | 'endsAt'>,
  access: LeaseAccess,
): Record<string, string> {
  return {
    BOURSE_MARKET: marketId,
    BOURSE_AGENT: agent,
    BOURSE_LEASE_ID: leaseId,
    BOURSE_LEASE_ENDS_AT: endsAt,
    BOURSE_WORKSPACE: '/workspace',
    NATS_URL: `nats://127.0.0.1:${NATS_INSIDE_PORT}`,
    NATS_INBOX_PREFIX: `_INBOX.${marketId}.${agent}`,
    BOURSE_TOKEN: access.token,
    ...(access.llm === null
      ? {}
      : {
          OPENAI_BASE_URL: `http://127.0.0.1:${LLM_INSIDE_PORT}/v1`,
          OPENAI_API_KEY: access.token,
        }),
  }
}
