import { hash } from 'node:crypto'

/** The header in which a publisher proves that a message is its own. */
export const PROOF_HEADER = 'Bourse-Proof'

/** A message's text as it is sent, with its proof. */
export interface ProvenText {
  bytes: Uint8Array
  proof: string
}

/**
 * Proves a message's text by what only somebody who has the database can write about it: a keyed SHA-256. Key on both
 * sides, so that nothing can be appended; encoded and hashed in one call each, since every event has one.
 */
export function prove(key: string, text: string): ProvenText {
  const keyed = Buffer.from(`${key}${text}${key}`)
  const keyBytes = Buffer.byteLength(key)
  return {
    bytes: keyed.subarray(keyBytes, keyed.length - keyBytes),
    proof: hash('sha256', keyed, 'base64url'),
  }
}
