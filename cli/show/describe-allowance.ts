import type { AllowanceSummary } from '../../shared/allowance/allowance.ts'

/** An allowance in a line, for people. */
export function describeAllowance({ owner, amount, periodSeconds, cap, nextAt }: AllowanceSummary): string {
  const shared = owner === null ? '' : `, shared by the agents of ${owner}`
  return `${amount} credits every ${periodSeconds} s, up to ${cap}${shared}; next at ${nextAt}`
}
