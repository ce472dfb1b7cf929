import { type Refusal, refuse } from '../economy/refusal.ts'
import { kindOfToken, type TokenKind } from './token.ts'

/** Refuses a text that cannot be a token of this kind, or answers null. */
export function tokenProblem(text: string, wanted: TokenKind): Refusal | null {
  const kind = kindOfToken(text)
  if (kind === wanted) return null
  if (kind !== null)
    return refuse(
      'wrong_token',
      `this is the token of ${kind === 'agent' ? 'an agent' : 'a lease'}, and ${wanted === 'agent' ? "an agent's" : "a lease's"} is wanted`,
      'token',
    )
  return refuse('unknown_token', `a token is "bourse_${wanted}_" and 64 hexadecimal digits`, 'token')
}

export function refuseUnknownToken(): Refusal {
  return refuse('unknown_token', 'nobody was given this token, or it was replaced long ago', 'token')
}

export function refuseEndedToken(endsAtMs: number, isRevoked: boolean): Refusal {
  const when = new Date(endsAtMs).toISOString()
  return isRevoked
    ? refuse('token_revoked', `this token was revoked at ${when}; an operator can issue another`, 'token')
    : refuse('token_expired', `this token ended at ${when}`, 'token')
}

export function refuseFrozen(agent: string): Refusal {
  return refuse(
    'agent_frozen',
    `agent ${agent} is frozen: it may look, and do nothing else until an operator unfreezes it`,
  )
}

export function refuseDead(agent: string): Refusal {
  return refuse('agent_not_alive', `agent ${agent} is dead`)
}
