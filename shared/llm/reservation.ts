import { type LlmRefusal, refuseCall } from './llm-refusal.ts'
import { type WorstCase, worstCostMicro } from './worst-case.ts'

/** What a lease may still spend, in tokens: granted = used + reserved + left. */
export interface LeaseBudget {
  grantedTokens: number
  usedTokens: number
  reservedTokens: number
  openCalls: number
}

/** What a market, or an owner's agents in it, may spend in a minute of Postgres's clock, and have by now; null: no limit. */
export interface SpendingMinute {
  whose: 'market' | 'owner'
  tokensMax: number | null
  costMicroMax: bigint | null
  tokens: number
  costMicro: bigint
  secondsLeft: number
}

/** What is set aside for one call; each answer may have `outputTokens`. */
export interface Reservation {
  outputTokens: number
  tokens: number
  costMicro: bigint
}

/**
 * Sets the worst case of a call aside, its answers cut to what is left of the lease and to what market and owner are ever
 * allowed in a minute. Refused: a lease that has no token left for an answer (402), one with too many calls open, or of
 * a market or an owner that has spent its minute (429).
 */
export function decideReservation(
  budget: LeaseBudget,
  minutes: readonly SpendingMinute[],
  callsPerLease: number,
  worst: WorstCase,
): ({ ok: true } & Reservation) | LlmRefusal {
  if (budget.openCalls >= callsPerLease) {
    return refuseCall(
      'too_many_calls',
      `the lease has ${budget.openCalls} calls open, its market allows ${callsPerLease}`,
      {
        retryAfterSeconds: 1,
      },
    )
  }
  const left = budget.grantedTokens - budget.usedTokens - budget.reservedTokens
  const asked = worst.promptTokens + worst.choices * worst.outputTokens
  const needed = worst.promptTokens + worst.choices
  if (left < needed) return refuseForLease(budget, left, asked, needed)

  let outputTokens = Math.min(worst.outputTokens, answerTokens(worst, left))
  for (const minute of minutes) {
    outputTokens = cutToMinute(worst, outputTokens, minute)
    if (outputTokens < 1) {
      return refuseCall(
        `above_${minute.whose}_limit`,
        `the prompt alone takes more than the ${minute.whose} may spend in a minute`,
      )
    }
  }
  const tokens = worst.promptTokens + worst.choices * outputTokens
  const costMicro = worstCostMicro(worst, outputTokens)
  for (const { whose, tokensMax, costMicroMax, ...spent } of minutes) {
    const tokensSpent = tokensMax !== null && spent.tokens + tokens > tokensMax
    const moneySpent = costMicroMax !== null && spent.costMicro + costMicro > costMicroMax
    if (!tokensSpent && !moneySpent) continue
    return refuseCall(
      `${whose}_limit_reached`,
      `the ${whose} has spent its minute: ${spent.tokens} tokens, with ${tokens} more for this call`,
      { retryAfterSeconds: spent.secondsLeft },
    )
  }
  return { ok: true, outputTokens, tokens, costMicro }
}

/** What a call takes when nothing limits it, as it is set aside wherever budget and market have room for it. */
export function wholeReservation(worst: WorstCase): Reservation {
  const { outputTokens, promptTokens, choices } = worst
  return {
    outputTokens,
    tokens: promptTokens + choices * outputTokens,
    costMicro: worstCostMicro(worst, outputTokens),
  }
}

/** Tokens that each answer may have when prompt and answers may have so many together. */
function answerTokens({ promptTokens, choices }: WorstCase, tokens: number): number {
  return Math.floor((tokens - promptTokens) / choices)
}

/** What an answer might at most be, given that a call may not take more than is ever allowed in a minute. */
function cutToMinute(
  worst: WorstCase,
  outputTokensMax: number,
  { tokensMax, costMicroMax }: SpendingMinute,
): number {
  const outputTokens =
    tokensMax === null ? outputTokensMax : Math.min(outputTokensMax, answerTokens(worst, tokensMax))
  if (outputTokens < 1) return 0
  if (costMicroMax === null || worstCostMicro(worst, outputTokens) <= costMicroMax) return outputTokens
  if (worst.outputPriceMicro === 0n) return 0
  const forAnswers = costMicroMax * 1_000_000n - BigInt(worst.promptTokens) * worst.inputPriceMicro
  return forAnswers <= 0n ? 0 : Number(forAnswers / (worst.outputPriceMicro * BigInt(worst.choices)))
}

function refuseForLease(budget: LeaseBudget, left: number, asked: number, needed: number): LlmRefusal {
  const { grantedTokens, reservedTokens } = budget
  const figures = { granted: grantedTokens, left, in_flight: reservedTokens, asked, needed }
  const said = `the lease has ${left} of ${grantedTokens} tokens left, the call asked for ${asked} and needs at least ${needed}`
  if (left + reservedTokens < needed) {
    return refuseCall('lease_tokens_used_up', said, { details: figures, clientsRetry: false })
  }
  return refuseCall(
    'lease_tokens_in_flight',
    `${said}; calls under way hold ${reservedTokens}, some of which they may give back`,
    {
      details: figures,
      retryAfterSeconds: 1,
      clientsRetry: true,
    },
  )
}
