import { Runtime } from '@temporalio/worker'
import type { Logger } from '../shared/telemetry/log.ts'
import { freePort } from './stack/ports.ts'
import { createTemporalLogger } from './temporal-log.ts'

const READ_TIMEOUT_MS = 5_000

/**
 * Starts the core of Temporal's SDK in this process, once, before the first worker. Answers how its own metrics are read:
 * latencies of workflow and activity tasks, slots, polls. The core serves them itself, on a port of this machine only.
 */
export async function startTemporalRuntime(log: Logger): Promise<() => Promise<string>> {
  const address = `127.0.0.1:${await freePort('metrics')}`
  Runtime.install({
    shutdownSignals: [],
    logger: createTemporalLogger(log),
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress: address,
          useSecondsForDurations: true,
          unitSuffix: true,
          countersTotalSuffix: true,
        },
      },
    },
  })
  return async () => {
    const response = await fetch(`http://${address}/metrics`, {
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    })
    return await response.text()
  }
}
