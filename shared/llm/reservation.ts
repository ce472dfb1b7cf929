import { type LlmRefusal, refuseCall } from './llm-refusal.ts'
import { type WorstCase, worstCostMicro } from './worst-case.ts'

/** What a lease may still spend, in tokens: granted = used + reserved + left. */
export interface LeaseBudget {
  grantedTokens: number
  usedTokens: number
  reservedTokens: number
  openCalls: number
}

/** What a market may spend in a minute of Postgres's clock, and has by now; null: no limit. */
export interface MarketMinute {
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
 * Sets the worst case of a call aside, its answers cut to what is left of the lease and to what the market ever
 * allows in a minute. Refused: a lease that has no token left for an answer (402), one with too many calls open or a
 * market that has spent its minute (429).
 */
export function decideReservation(
  budget: LeaseBudget,
  minute: MarketMinute,
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

  const mayHave = Math.min(left, minute.tokensMax ?? left)
  const outputTokens = Math.min(
    worst.outputTokens,
    Math.floor((mayHave - worst.promptTokens) / worst.choices),
  )
  const affordable = outputTokens < 1 ? 0 : cutToCost(worst, outputTokens, minute.costMicroMax)
  if (affordable < 1) {
    return refuseCall(
      'above_market_limit',
      `the prompt alone takes more than the market may spend in a minute`,
    )
  }
  const tokens = worst.promptTokens + worst.choices * affordable
  const costMicro = worstCostMicro(worst, affordable)
  const tokensSpent = minute.tokensMax !== null && minute.tokens + tokens > minute.tokensMax
  const moneySpent = minute.costMicroMax !== null && minute.costMicro + costMicro > minute.costMicroMax
  if (tokensSpent || moneySpent) {
    return refuseCall(
      'market_limit_reached',
      `the market has spent its minute: ${minute.tokens} tokens, with ${tokens} more for this call`,
      { retryAfterSeconds: minute.secondsLeft },
    )
  }
  return { ok: true, outputTokens: affordable, tokens, costMicro }
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

/** What one call might at most be, given that its answers may not cost more than the market ever allows. */
function cutToCost(worst: WorstCase, outputTokens: number, costMicroMax: bigint | null): number {
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
