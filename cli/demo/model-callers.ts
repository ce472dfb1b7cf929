import { setTimeout as pause } from 'node:timers/promises'
import { listLeases } from '../../shared/db/leases/list-leases.ts'
import type { Database } from '../../shared/db/pool.ts'
import type { Identity } from '../../shared/identity/identity.ts'

/** What became of the calls to the model. */
export interface ModelCalls {
  answered: number
  /** The lease had no tokens left, or was over. */
  refused: number
  /** No upstream answered. */
  failed: number
}

export const DEMO_MODEL = 'scripted-words'
const ROUND_MS = 300
const LEASES_MAX = 50
const QUESTION = [{ role: 'user', content: 'What should I bid next?' }]

/** Has whoever holds a lease on tokens ask the model again and again, over HTTP with the lease's token as anybody would. */
export function startModelCallers(
  db: Database,
  identity: Identity,
  marketId: string,
  url: string,
): { calls: ModelCalls; stop: () => Promise<void> } {
  const calls: ModelCalls = { answered: 0, refused: 0, failed: 0 }
  const tokens = new Map<string, string>()
  const stopped = new AbortController()
  const running = callUntilStopped()
  return {
    calls,
    async stop() {
      stopped.abort()
      await running
    },
  }

  async function callUntilStopped(): Promise<void> {
    while (!stopped.signal.aborted) {
      const leases = await listLeases(db, marketId, LEASES_MAX)
      const holders = leases.filter(({ bundle }) => Number(bundle.tokens ?? 0) > 0)
      await Promise.all(holders.map(({ leaseId }) => call(leaseId)))
      await pause(ROUND_MS)
    }
  }

  async function call(leaseId: string): Promise<void> {
    const token = tokens.get(leaseId) ?? (await issue(leaseId))
    if (token === null) return
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: DEMO_MODEL, messages: QUESTION, max_tokens: 50 }),
    })
    await response.arrayBuffer()
    if (response.ok) calls.answered += 1
    else if (response.status < 500) calls.refused += 1
    else calls.failed += 1
  }

  async function issue(leaseId: string): Promise<string | null> {
    const issued = await identity.issueLeaseToken({ marketId, leaseId, agent: null, actor: 'demo' })
    if (!issued.ok) return null
    tokens.set(leaseId, issued.token)
    return issued.token
  }
}
