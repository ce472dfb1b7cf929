import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import type { BidVerdict } from '../../shared/bid/admission.ts'
import type { Database } from '../../shared/db/pool.ts'
import { readBidOutcome } from '../../shared/db/read-outcome.ts'
import { queryAgent } from './agent-workflow.ts'

const WAIT_MS = 10_000
const POLL_MS = 100

/**
 * The verdict of a bid that was sent as a signal under `key`; null when there is none within ten seconds. Verdicts
 * stand in the database, but for refusals that are only counted: those the agent's workflow still remembers.
 */
export async function awaitVerdict(
  db: Database,
  client: Client,
  place: { taskQueue: string; marketId: string; agent: string },
  key: string,
): Promise<BidVerdict | null> {
  const deadline = Date.now() + WAIT_MS
  while (Date.now() < deadline) {
    const state = await queryAgent(client, place, key)
    const stored = await readBidOutcome(db, place.marketId, place.agent, key)
    if (stored !== null) return stored
    const told = state.verdicts.at(-1)?.verdict
    if (told !== undefined && !told.ok) return told as BidVerdict
    await delay(POLL_MS)
  }
  return null
}
