import type { Outcome } from '../economy/refusal.ts'

/** What a person gives a prompt for, each a whole number from 0 to 10. */
export interface Scores {
  interesting: number
  useful: number
  understandable: number
}

export interface OpenPromptRequest {
  marketId: string
  agent: string
  /** Absent: the agent's active lease with attention that ends last. */
  leaseId?: string
  text: string
  amountMicro: bigint
  /** Without it the prompt waits for as long as it takes. */
  expiresInSeconds?: number
  key: string | null
  /** W3C trace context of the caller. */
  traceparent?: string | null
}

export interface ScorePromptRequest {
  promptId: string
  scores: unknown
  actor: string
}

export type PromptStatus = 'open' | 'rewarded' | 'expired'

export type OpenedPrompt = Outcome<{ promptId: string; status: 'open'; escrowed: string }>
export type ScoredPrompt = Outcome<{ promptId: string; status: 'rewarded'; awarded: string }>
export type EndedPrompt = Outcome<{ promptId: string; status: PromptStatus }>

/** A prompt as people see it; credits are decimal strings. */
export interface PromptSummary {
  promptId: string
  marketId: string
  agent: string
  leaseId: string
  text: string
  amount: string
  status: PromptStatus
  openedAt: string
  expiresAt: string | null
  scores: Scores | null
  awarded: string | null
}

/**
 * Requests for a person's attention. Every call is one transaction with its events; a refusal is an answer. A prompt
 * is resolved once: rewarded or expired.
 */
export interface Attention {
  /** Sets the agent's bid aside in escrow and puts its prompt into the queue. */
  openPrompt(request: OpenPromptRequest): Promise<OpenedPrompt>
  /** Mints the reward and burns the escrow. The same scores again answer the same; others are refused. */
  scorePrompt(request: ScorePromptRequest): Promise<ScoredPrompt>
  /** Gives an open prompt's escrow back once its time is over; before that, and afterwards, it changes nothing. */
  expirePrompt(promptId: string): Promise<EndedPrompt>
  findPrompt(promptId: string): Promise<Outcome<PromptSummary>>
}
