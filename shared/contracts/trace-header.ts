/** The header in which Temporal's OpenTelemetry interceptors of clients and activities carry the W3C trace context. */
export const TRACE_HEADER = '_tracer-data'
