import { randomBytes } from 'node:crypto'

/** A trace of a caller's own, whose first span nobody here ever sees. */
export function callersTrace() {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` }
}
