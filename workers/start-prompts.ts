import type { Client } from '@temporalio/client'
import { findUnstartedPrompts, markPromptsStarted } from '../shared/db/attention/unstarted-prompts.ts'
import type { Database } from '../shared/db/pool.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { startPromptWorkflow } from '../shared/temporal/start-prompt.ts'
import { doRounds } from './do-rounds.ts'

const LOOK_INTERVAL_MS = 1_000
/** Started at once; the rest a moment later. */
const PROMPTS_PER_LOOK = 50

/**
 * Until `signal` aborts, starts the workflow of every open prompt that has none. Any number of workers may do so: a
 * workflow id is started once, and a worker that dies before it noted that leaves it to be found started.
 */
export function startPrompts(
  { db, client, taskQueue, log }: { db: Database; client: Client; taskQueue: string; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  return doRounds(
    {
      async round() {
        const prompts = await findUnstartedPrompts(db, PROMPTS_PER_LOOK)
        for (const prompt of prompts) await startPromptWorkflow(client, taskQueue, prompt)
        await markPromptsStarted(
          db,
          prompts.map(prompt => prompt.promptId),
        )
        return LOOK_INTERVAL_MS
      },
      trouble: 'prompts could not be started; it is tried again',
      afterTroubleMs: LOOK_INTERVAL_MS,
      log,
    },
    signal,
  )
}
