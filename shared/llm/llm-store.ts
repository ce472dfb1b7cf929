import type { LlmRefusal } from './llm-refusal.ts'
import type { Reservation } from './reservation.ts'
import type { Usage } from './usage.ts'
import type { WorstCase } from './worst-case.ts'

/** How a call that had tokens set aside ended. */
export type CallOutcome =
  | 'completed'
  /** The caller hung up or its activity was cancelled. */
  | 'client_gone'
  | 'upstream_cut'
  /** The upstream found the request itself wrong. */
  | 'upstream_refused'
  /** No upstream answered in time. */
  | 'unavailable'
  /** Its proxy died or lost its database; the worst case is charged. */
  | 'abandoned'

export interface ReserveRequest {
  callId: string
  leaseId: string
  /** The hash of the lease token that was shown, which must be the lease's still; absent: no token is needed. */
  tokenHash?: Buffer
  model: string
  stream: boolean
  worst: WorstCase
  /** The reservation is given up on so many seconds from now, when no process can still be at it. */
  deadlineSeconds: number
  traceparent: string | null
}

export interface Settlement {
  outcome: CallOutcome
  /** What the lease is charged: what the call used, or its whole reservation. */
  charge: 'used' | 'reserved'
  usage: Usage
  /** In millionths; what the call cost by its upstream's prices. */
  costMicro: bigint
  upstream: string | null
  attempts: number
  latencyMs: number
  firstTokenMs: number | null
}

export interface Reserved extends Reservation {
  marketId: string
  agent: string
  owner: string | null
  /** The trace of the bid that won the lease. */
  bidTraceparent: string | null
}

/** Where reservations are kept and calls recorded. */
export interface LlmStore {
  /** Sets a call's worst case aside, once by its id. */
  reserve(request: ReserveRequest): Promise<({ ok: true } & Reserved) | LlmRefusal>
  /** Resolves a reservation once: charges the lease, gives the rest back. False: it was resolved before. */
  settle(callId: string, settlement: Settlement): Promise<{ resolved: boolean; chargedTokens: number }>
}
