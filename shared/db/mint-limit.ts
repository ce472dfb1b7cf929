import { type Refusal, refuse } from '../economy/refusal.ts'
import { formatCredits, MAX_MINTED_MICRO } from '../money/credits.ts'

const NUMERIC_VALUE_OUT_OF_RANGE = '22003'

/** Whether Postgres refused to mint more than a market may ever have. */
export function isMintExhausted(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string }
  return constraint === 'only_mint_is_negative' || code === NUMERIC_VALUE_OUT_OF_RANGE
}

export function refuseMintExhausted(marketId: string): Refusal {
  const limit = formatCredits(MAX_MINTED_MICRO)
  return refuse('mint_exhausted', `market ${marketId} may mint at most ${limit} credits in all`, 'credits')
}
