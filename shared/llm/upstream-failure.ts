/** Why an attempt at an upstream brought no answer. */
export type FailureReason =
  | 'connection'
  | 'connect_timeout'
  | 'first_token_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'rate_limited'
  | 'server_error'
  | 'misconfigured'
  | 'refused'
  | 'redirect'
  | 'bad_response'
  | 'too_large'
  | 'stream_error'

/** A failed attempt. */
export interface UpstreamFailure {
  reason: FailureReason
  /** For the log and for operators; holds nothing of what was said, and no key. */
  message: string
  /** The upstream's HTTP status, if it gave one. */
  status?: number
  /** How long the upstream asks to be left alone. */
  retryAfterMs?: number
  /** What an upstream said to a request that is the caller's fault, for the caller. */
  body?: unknown
}

/** What to do about a failure: try this upstream again later, go on to the next, or tell the caller. */
export function afterFailure({ reason }: Pick<UpstreamFailure, 'reason'>): 'again' | 'next' | 'tell' {
  if (reason === 'refused') return 'tell'
  return reason === 'misconfigured' || reason === 'redirect' || reason === 'too_large' ? 'next' : 'again'
}

/** What a failure counts for in the upstream's circuit: one that the request is to blame for says neither good nor bad. */
export function countOfFailure({ reason }: Pick<UpstreamFailure, 'reason'>): 'failure' | 'nothing' {
  return reason === 'refused' ? 'nothing' : 'failure'
}

const TIMEOUT_STATUS = 408
const CONFLICT = 409
const TOO_EARLY = 425
const RATE_LIMITED = 429
/** An upstream that does not know the key, the address or the model, or is itself out of credit, is set up wrongly. */
const MISCONFIGURED = [401, 402, 403, 404, 405, 407]

/** Reads a status other than 2xx as a failure. */
export function failureOfStatus(status: number, retryAfterMs: number | null): UpstreamFailure {
  return {
    reason: reasonOfStatus(status),
    message: `it answered with status ${status}`,
    status,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  }
}

function reasonOfStatus(status: number): FailureReason {
  if (status === RATE_LIMITED) return 'rate_limited'
  if (status >= 500 || [TIMEOUT_STATUS, CONFLICT, TOO_EARLY].includes(status)) return 'server_error'
  if (MISCONFIGURED.includes(status)) return 'misconfigured'
  if (status >= 300 && status < 400) return 'redirect'
  return status >= 400 ? 'refused' : 'bad_response'
}
