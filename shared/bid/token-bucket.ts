const MILLIONTHS_PER_BID = 1_000_000n

/** A bucket of bids in millionths; `null` has never been spent from and is full. */
export interface TokenBucket {
  millionths: bigint
  atMs: number
}

export interface BucketRules {
  bidsPerSecond: number | null
  bidBurst: number
}

/** The bucket as it stands at `nowMs`: refilled at `bidsPerSecond`, never above `bidBurst` bids, for no moment twice. */
export function refillBucket(bucket: TokenBucket | null, rules: BucketRules, nowMs: number): TokenBucket {
  const full = BigInt(rules.bidBurst) * MILLIONTHS_PER_BID
  if (bucket === null || rules.bidsPerSecond === null) return { millionths: full, atMs: nowMs }
  const atMs = Math.max(nowMs, bucket.atMs)
  const elapsedMs = BigInt(atMs - bucket.atMs)
  const refilled = bucket.millionths + elapsedMs * BigInt(rules.bidsPerSecond) * 1_000n
  return { millionths: refilled < full ? refilled : full, atMs }
}

/** Takes one bid's worth from the bucket, or null when it holds less than that. */
export function spendFromBucket(bucket: TokenBucket): TokenBucket | null {
  if (bucket.millionths < MILLIONTHS_PER_BID) return null
  return { millionths: bucket.millionths - MILLIONTHS_PER_BID, atMs: bucket.atMs }
}
