import { context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import type { Client } from '@temporalio/client'
import { searchAttributesOf } from '../contracts/search-attributes.ts'
import { marketWorkflowId, signals } from '../contracts/workflows.ts'
import type { Logger } from '../telemetry/log.ts'
import { withDeadline } from './connect.ts'

/**
 * Tells a market's workflow that there may be work, and starts it when it is not running. The hint carries nothing;
 * one that cannot be sent is logged and left to the sweep.
 */
export function createHint(
  client: Client,
  taskQueue: string,
  log: Logger,
): (marketId: string) => Promise<void> {
  return async marketId => {
    try {
      // A market serves everybody: it is not part of the trace of whoever happened to wake it.
      await context.with(suppressTracing(context.active()), () =>
        withDeadline(client, () =>
          client.workflow.signalWithStart('market', {
            workflowId: marketWorkflowId(marketId),
            taskQueue,
            args: [{ marketId }],
            signal: signals.look,
            signalArgs: [],
            staticSummary: `market ${marketId}`,
            typedSearchAttributes: searchAttributesOf({ marketId }),
          }),
        ),
      )
    } catch (error) {
      log.warn({ market: marketId, err: error }, 'a hint was not delivered; the sweep repeats it')
    }
  }
}
