/** Why a call was refused or failed, in OpenAI's words for programs and ours for people. */
export interface LlmRefusal {
  ok: false
  /** The HTTP status. */
  status: number
  /** OpenAI's kind of error. */
  type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'insufficient_quota'
    | 'rate_limit_error'
    | 'api_error'
  code: string
  message: string
  /** The field that is wrong. */
  param?: string
  retryAfterSeconds?: number
  /** What official clients are told about trying again by themselves; without it they decide by the status. */
  clientsRetry?: boolean
  /** Figures for programs, shown beside the message. */
  details?: Record<string, number>
}

type Kind = Pick<LlmRefusal, 'status' | 'type' | 'code'>
type Extra = Pick<LlmRefusal, 'param' | 'retryAfterSeconds' | 'clientsRetry' | 'details'>

/** Every way in which a call ends without an answer of an upstream's. */
const KINDS = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  unsupported_content: { status: 400, type: 'invalid_request_error' },
  above_market_limit: { status: 400, type: 'invalid_request_error' },
  above_owner_limit: { status: 400, type: 'invalid_request_error' },
  missing_token: { status: 401, type: 'authentication_error' },
  unknown_token: { status: 401, type: 'authentication_error' },
  wrong_token: { status: 401, type: 'authentication_error' },
  token_expired: { status: 401, type: 'authentication_error' },
  token_revoked: { status: 401, type: 'authentication_error' },
  agent_frozen: { status: 403, type: 'permission_error' },
  agent_not_alive: { status: 403, type: 'permission_error' },
  lease_tokens_used_up: { status: 402, type: 'insufficient_quota' },
  lease_tokens_in_flight: { status: 402, type: 'insufficient_quota' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  request_too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  too_many_calls: { status: 429, type: 'rate_limit_error' },
  upstream_rate_limited: { status: 429, type: 'rate_limit_error' },
  market_limit_reached: { status: 429, type: 'rate_limit_error' },
  owner_limit_reached: { status: 429, type: 'rate_limit_error' },
  internal_error: { status: 500, type: 'api_error' },
  upstream_failed: { status: 502, type: 'api_error' },
  upstreams_unavailable: { status: 503, type: 'api_error' },
  proxy_busy: { status: 503, type: 'api_error' },
  store_unavailable: { status: 503, type: 'api_error' },
  upstream_timeout: { status: 504, type: 'api_error' },
  client_gone: { status: 499, type: 'api_error' },
} satisfies Record<string, Omit<Kind, 'code'>>

export type LlmRefusalCode = keyof typeof KINDS

/** A refusal of a kind; its status and OpenAI's type follow from the code. */
export function refuseCall(code: LlmRefusalCode, message: string, extra: Extra = {}): LlmRefusal {
  return { ok: false, ...KINDS[code], code, message, ...extra }
}

/** A refusal as OpenAI's clients read it. */
export function errorBody({ message, type, code, param, details }: LlmRefusal) {
  return { error: { message, type, param: param ?? null, code, ...details } }
}
