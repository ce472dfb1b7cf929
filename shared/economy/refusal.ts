import { NAME_PATTERN } from '../market/name-pattern.ts'

/** A typed no: what was refused, where, and what is allowed. Nothing was changed. */
export interface Refusal {
  ok: false
  error: { code: string; message: string; field?: string; required?: string; available?: string }
}

export type Outcome<T> = ({ ok: true } & T) | Refusal

/** Refuses with a code for programs, a message for people and, where credits are short, how many (in credits). */
export function refuse(
  code: string,
  message: string,
  field?: string,
  amounts?: { required: string; available: string },
): Refusal {
  return { ok: false, error: { code, message, ...(field === undefined ? {} : { field }), ...amounts } }
}

export function refuseUnknownMarket(marketId: string): Refusal {
  const message = `there is no market ${JSON.stringify(marketId)}: \`bourse market list\` shows those there are, \`bourse market create ${NAME_PATTERN.test(marketId) ? marketId : '<market>'}\` makes one`
  return refuse('unknown_market', message, 'marketId')
}

export function refuseUnknownAgent(marketId: string, agent: string): Refusal {
  return refuse('unknown_agent', `market ${marketId} has no agent ${JSON.stringify(agent)}`, 'agent')
}
