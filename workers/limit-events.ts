import type { Bus } from '../shared/bus/connect.ts'
import { trimStream } from '../shared/bus/trim-stream.ts'
import { type LimitingEvents, limitEvents as limitOnce } from '../shared/db/events/limit-events.ts'
import type { Logger } from '../shared/telemetry/log.ts'
import { doRounds } from './do-rounds.ts'

const LOOK_INTERVAL_MS = 10_000

type Limiting = Pick<LimitingEvents, 'db' | 'outbox' | 'hint'> & { bus: Bus; log: Logger }

/** Until `signal` aborts, lets the events of markets with the rule `eventsKept` begin with a checkpoint now and then. */
export async function limitEvents({ bus, log, ...rest }: Limiting, signal: AbortSignal): Promise<void> {
  const limiting: LimitingEvents = {
    ...rest,
    trimStream: (marketId, seq) => trimStream(bus, marketId, seq),
    onTrouble: (marketId, problem) =>
      log.warn({ market: marketId, err: problem }, 'events could not be limited; it is tried again'),
  }
  await doRounds(
    {
      async round() {
        await limitOnce(limiting, signal)
        return LOOK_INTERVAL_MS
      },
      trouble: 'markets whose events are limited could not be looked for; it is tried again',
      afterTroubleMs: LOOK_INTERVAL_MS,
      log,
    },
    signal,
  )
}
