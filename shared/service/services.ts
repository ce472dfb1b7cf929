import type { Outcome } from '../economy/refusal.ts'
import type { EndedCall, Invocation, PlacedCall } from './service-call.ts'

/** An agent offers at most this many services. */
export const SERVICES_PER_AGENT_MAX = 32

export interface ServiceOffer {
  marketId: string
  provider: string
  service: string
  costMicro: bigint
  specification: unknown
  key: string | null
}

export interface ServiceAnswer {
  marketId: string
  provider: string
  callId: string
  /** Whether the provider did what was asked, and is to be paid. */
  succeeded: boolean
  result: unknown
  key: string | null
}

/**
 * Services between agents. A call sets the caller's credits aside; they are paid when the provider answers with success
 * and given back when it fails or does not answer in time, exactly once, whatever dies meanwhile.
 */
export interface Services {
  /** Offers a service, or changes one of the same name; calls that wait keep their cost. */
  register(offer: ServiceOffer): Promise<Outcome<{ service: string; cost: string }>>
  invoke(
    invocation: Invocation & { key: string | null; traceparent: string | null },
  ): Promise<Outcome<PlacedCall>>
  /** Ends a call; asked again with the same ending it answers the same. */
  answer(answer: ServiceAnswer): Promise<Outcome<EndedCall>>
  /** Gives back what is held for calls whose time is over, a bounded number; returns how many. */
  expireCalls(marketId: string): Promise<number>
}
