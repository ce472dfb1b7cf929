const NUMERIC_VALUE_OUT_OF_RANGE = '22003'

/** Whether Postgres refused to mint more than a market may ever have. */
export function isMintExhausted(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string }
  return constraint === 'only_mint_is_negative' || code === NUMERIC_VALUE_OUT_OF_RANGE
}
