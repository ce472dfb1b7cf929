/** Where a trace stands: what a W3C `traceparent` says. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string
  /** 16 hexadecimal digits. */
  spanId: string
  /** Whether the caller recorded its part. */
  sampled: boolean
}

/** `<version>-<trace id>-<span id>-<flags>` (W3C Trace Context, section 3.2); a later version may add more. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[^\s]{1,100})?$/
const LENGTH_OF_VERSION_00 = 55
const SAMPLED = 1

/** Reads a W3C traceparent; null for anything else, which the recommendation asks to pass over. */
export function readTraceparent(text: unknown): TraceContext | null {
  if (typeof text !== 'string' || !TRACEPARENT.test(text)) return null
  if (text.startsWith('00') && text.length > LENGTH_OF_VERSION_00) return null
  const flags = Number.parseInt(text.slice(53, 55), 16)
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled: (flags & SAMPLED) === SAMPLED }
}

/** Writes a traceparent of version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}
