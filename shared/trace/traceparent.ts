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
  /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-[^\s]{1,100})?$/
const SAMPLED = 1

/** Reads a W3C traceparent; null for anything else, which the recommendation asks to pass over. */
export function readTraceparent(text: unknown): TraceContext | null {
  const match = typeof text === 'string' ? TRACEPARENT.exec(text) : null
  if (match === null) return null
  const [, version, traceId, spanId, flags, more] = match
  if (version === '00' && more !== undefined) return null
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & SAMPLED) === SAMPLED }
}

/** Writes a traceparent of version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}
