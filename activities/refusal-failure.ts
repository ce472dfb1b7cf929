import { ApplicationFailure } from '@temporalio/common'
import type { Outcome } from '../shared/economy/refusal.ts'

/**
 * What an outcome carries, or a failure that ends the workflow's step for good: a refusal is a decision, and
 * trying again would not change it. The failure's type is the refusal's code.
 */
export function acceptedOrFail<T>(outcome: Outcome<T>): { ok: true } & T {
  if (outcome.ok) return outcome
  const { code, message, field } = outcome.error
  throw ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    details: field === undefined ? [] : [{ field }],
  })
}
