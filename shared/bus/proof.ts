import { hash } from 'node:crypto'

/** The header in which a publisher proves that a message is its own. */
export const PROOF_HEADER = 'Bourse-Proof'

/**
 * What only somebody who has the database can write about a message: a keyed SHA-256 of its text. Key on both sides,
 * so that nothing can be appended; hashed in one call, since every event has one.
 */
export function proofOf(key: string, text: string): string {
  return hash('sha256', `${key}${text}${key}`, 'base64url')
}
