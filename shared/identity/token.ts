import { createHash, randomBytes } from 'node:crypto'

/** What a token shows: that somebody is an agent, or may use a lease. */
export type TokenKind = 'agent' | 'lease'

const SECRET_BYTES = 32
const TOKEN = /^bourse_(agent|lease)_[0-9a-f]{64}$/

/** Draws a token. Its beginning is the same for all of a kind, so that programs which look for leaked secrets find it. */
export function newToken(kind: TokenKind): string {
  return `bourse_${kind}_${randomBytes(SECRET_BYTES).toString('hex')}`
}

/** SHA-256 of a token, which is all that is kept of it: 256 random bits need no salt. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Which kind of token a text can be, or null: one that cannot be any needs no look into a database. */
export function kindOfToken(text: string): TokenKind | null {
  return (TOKEN.exec(text)?.[1] as TokenKind | undefined) ?? null
}
