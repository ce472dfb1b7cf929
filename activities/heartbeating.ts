import { Context } from '@temporalio/activity'
import { type LogFields, withLogFields } from '../shared/telemetry/log-fields.ts'

const HEARTBEAT_INTERVAL_MS = 1_000

// biome-ignore lint/suspicious/noExplicitAny: activities of every shape
type Activities = Record<string, (...args: any[]) => Promise<unknown>>

/** The same activities, each telling Temporal every second that it lives: one whose worker died is soon given to another. */
export function heartbeating<T extends { [Name in keyof T]: Activities[string] }>(activities: T): T {
  const wrapped = Object.entries<Activities[string]>(activities).map(([name, activity]) => [
    name,
    async (...args: unknown[]) => {
      const { heartbeat } = Context.current()
      const timer = setInterval(heartbeat, HEARTBEAT_INTERVAL_MS)
      try {
        return await withLogFields(fieldsOf(args[0]), () => activity(...args))
      } finally {
        clearInterval(timer)
      }
    },
  ])
  return Object.fromEntries(wrapped) as T
}

/** What the activity is about, for the log: its input says it. */
function fieldsOf(input: unknown): LogFields {
  const { marketId, cycle, agent } = (input ?? {}) as { marketId?: unknown; cycle?: unknown; agent?: unknown }
  return {
    ...(typeof marketId === 'string' ? { market: marketId } : {}),
    ...(typeof cycle === 'number' ? { cycle } : {}),
    ...(typeof agent === 'string' ? { agent } : {}),
  }
}
