/** Posted prices stay within these bounds, in micro-credits per 100 % of capacity and second (0.01 and 1000 credits). */
export const FLOOR_PRICE_MICRO = 10_000
export const CEILING_PRICE_MICRO = 1_000_000_000
