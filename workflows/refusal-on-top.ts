import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common'

/**
 * What to throw on for `error`: where a step was refused, the refusal itself, so that the Temporal UI shows the
 * reason, the field and the remedy first, and not that some activity failed.
 */
export function refusalOnTop(error: unknown): unknown {
  if (!isFrame(error)) return error
  const { cause } = error
  if (isFrame(cause)) return refusalOnTop(cause)
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable) return error
  return ApplicationFailure.nonRetryable(cause.message, cause.type, ...(cause.details ?? []))
}

/** What a failure comes down to, for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isFrame(error) && error.cause !== undefined ? reasonOf(error.cause) : error.message
}

function isFrame(error: unknown): error is ActivityFailure | ChildWorkflowFailure {
  return error instanceof ActivityFailure || error instanceof ChildWorkflowFailure
}
