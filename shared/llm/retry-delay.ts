import type { RetryConfig } from './llm-config.ts'

/** An upstream that asks for more is asked again after this all the same. */
const RETRY_AFTER_MS_MAX = 300_000

/**
 * Milliseconds to wait before an upstream is tried again after `failures` failures: full jitter (a random part of an
 * exponentially growing bound, M. Brooker, "Exponential Backoff And Jitter", 2015), on top of what it asked for.
 */
export function retryDelayMs(
  { firstDelayMs, maxDelayMs }: Pick<RetryConfig, 'firstDelayMs' | 'maxDelayMs'>,
  failures: number,
  retryAfterMs: number | undefined,
  random: number,
): number {
  const boundMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - 1))
  return (retryAfterMs ?? 0) + random * boundMs
}

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3): whole or decimal seconds, or an HTTP date counted from `nowMs`.
 * Milliseconds, at most five minutes; null when it says nothing.
 */
export function readRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  const text = header.trim()
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : httpDateMs(text) - nowMs
  if (Number.isNaN(waitMs)) return null
  return Math.min(Math.max(0, waitMs), RETRY_AFTER_MS_MAX)
}

function httpDateMs(text: string): number {
  return /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN
}
