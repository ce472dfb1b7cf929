import type { Outcome } from '../../economy/refusal.ts'
import type { EventDraft } from '../../events/draft.ts'
import { runAgentOperation } from '../agent-operation.ts'
import type { Database } from '../pool.ts'

/** Tells one event that an agent is the source of, once under its key; answers the id of what was told. */
export function tellAgentEvent(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  told: {
    marketId: string
    agent: string
    key: string | null
    content: Record<string, unknown>
    event: (operationId: string) => EventDraft
  },
): Promise<Outcome<{ operationId: string }>> {
  const { event, ...operation } = told
  return runAgentOperation<{ operationId: string }>(db, hint, {
    ...operation,
    act: async ({ operationId }) => ({ outcome: { ok: true, operationId }, events: [event(operationId)] }),
  })
}
