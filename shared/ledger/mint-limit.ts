import { type Refusal, refuse } from '../economy/refusal.ts'
import { formatCredits, MAX_MINTED_MICRO } from '../money/credits.ts'

/** Refuses to mint more than a market may ever have. */
export function refuseMintExhausted(marketId: string): Refusal {
  const limit = formatCredits(MAX_MINTED_MICRO)
  return refuse('mint_exhausted', `market ${marketId} may mint at most ${limit} credits in all`, 'credits')
}
