import { PLAIN_TEXT, PLAIN_TEXT_RULE } from '../economy/plain-text.ts'
import { type Refusal, refuse } from '../economy/refusal.ts'

const KEY_CHARACTERS_MAX = 200
const TEXT_CHARACTERS_MAX = 1000

/** Refuses a request of the ledger whose key, names or reason no database takes, or answers null. */
export function textProblem(request: object): Refusal | null {
  for (const [field, text] of Object.entries(request)) {
    if (typeof text !== 'string') continue
    if (!PLAIN_TEXT.test(text)) return refuse('invalid_text', `${field}: ${PLAIN_TEXT_RULE}`, field)
    const most = field === 'key' ? KEY_CHARACTERS_MAX : TEXT_CHARACTERS_MAX
    const least = field === 'key' ? 1 : 0
    // As Postgres and JSON Schema count: a character beyond the first 65,536 is one, not two.
    const characters = [...text].length
    if (characters < least || characters > most) {
      return refuse('invalid_text', `${field}: ${least} to ${most} characters`, field)
    }
  }
  return null
}
