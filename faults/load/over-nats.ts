import type { Outcome } from '../../shared/economy/refusal.ts'
import type { Answer } from '../history.ts'
import { answerOf } from './load.ts'

/** Codes that leave open whether it was done. */
const OPEN_ENDED = ['deadline_exceeded', 'internal_error']

/** What a gateway's reply is to a history. Throws for one that leaves open whether it was done. */
export function settled<T extends object>(reply: Outcome<T>, idOf: (accepted: T) => string): Answer {
  if (!reply.ok && OPEN_ENDED.includes(reply.error.code)) throw new Error(reply.error.message)
  return answerOf(reply, accepted => idOf(accepted as T))
}
