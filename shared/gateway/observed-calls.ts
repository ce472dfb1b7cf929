import { v7 as uuidV7 } from 'uuid'
import type { Outcome } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { Caller, Operation } from '../rpc/operation.ts'
import { type OperationName, operations } from '../rpc/operations.ts'

/** Of an answer that is longer as JSON only its length is told. */
const RESPONSE_BYTES_MAX = 16_384

/** Runs an operation, around it whatever watches. */
export type CallAround = (
  caller: Caller,
  operation: OperationName,
  request: Record<string, unknown>,
  act: () => Promise<Outcome<object>>,
) => Promise<Outcome<object>>

/**
 * Tells the calls of agents as events, where the market's rule `observeCalls` asks for it: that one began, before it is
 * done, and what was answered, before the agent has the answer. So they are what the gateway saw, not what an agent says.
 */
export function createCallObserver(parts: {
  isObserved: (marketId: string) => Promise<boolean>
  tell: (marketId: string, events: readonly EventDraft[]) => Promise<void>
}): CallAround {
  return async (caller, operation, request, act) => {
    const { marketId } = caller
    if (!(await parts.isObserved(marketId))) return await act()
    const call = uuidV7()
    await parts.tell(marketId, [begunEvent(call, caller, operation, request)])
    const outcome = await act()
    await parts.tell(marketId, endedEvents(uuidV7(), call, caller, operation, outcome))
    return outcome
  }
}

function begunEvent(
  call: string,
  { agent, traceparent }: Caller,
  operation: OperationName,
  parameters: Record<string, unknown>,
): EventDraft {
  const data = { tool_name: operation, parameters, justification: null }
  return draftEvent(call, 'tool_call_initiated', data, { agent, correlationId: call, traceparent })
}

function endedEvents(
  id: string,
  call: string,
  { agent, traceparent }: Caller,
  operation: OperationName,
  outcome: Outcome<object>,
): EventDraft[] {
  const context = { agent, correlationId: call, traceparent }
  const data = {
    tool_name: operation,
    result: outcome.ok ? ('success' as const) : ('failure' as const),
    response: toldResponse(operation, outcome),
  }
  const ended = draftEvent(id, 'tool_call_completed', data, context)
  if (operation !== 'economic.get_balance' || !outcome.ok) return [ended]
  const { balance } = outcome as unknown as { balance: string }
  return [draftEvent(id, 'balance_queried', { balance }, context), ended]
}

/** An answer as everybody may read it who reads events: without secrets, and not at any length. */
function toldResponse(operation: OperationName, outcome: Outcome<object>): unknown {
  const { secrets = [] }: Operation = operations[operation]
  const told = Object.fromEntries(
    Object.entries(outcome).map(([field, value]) => [field, secrets.includes(field) ? '(not told)' : value]),
  )
  const bytes = Buffer.byteLength(JSON.stringify(told))
  return bytes <= RESPONSE_BYTES_MAX ? told : { ok: outcome.ok, bytes }
}
