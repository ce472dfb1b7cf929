import type { Outcome } from '../economy/refusal.ts'
import type { TokenLease } from './identity.ts'
import { hashToken } from './token.ts'

/** A lease and the hash of the token that was shown for it. */
export interface ShownLease {
  lease: TokenLease
  tokenHash: Buffer
}

interface Found extends ShownLease {
  atMs: number
}

const FRESH_MS = 5_000
const LEASES_MAX = 10_000

/**
 * Looks for the lease of a token, and remembers those it found for five seconds. That a lease is remembered gives nobody
 * a right: whoever acts on it has lease and token judged again in the transaction that acts. What was refused is asked
 * again each time.
 */
export function rememberLeases(
  find: (token: string) => Promise<Outcome<{ lease: TokenLease }>>,
  nowMs: () => number = () => performance.now(),
): (token: string) => Promise<Outcome<ShownLease>> {
  const recent = new Map<string, Found>()
  return async token => {
    const tokenHash = hashToken(token)
    const key = tokenHash.toString('base64')
    const known = recent.get(key)
    if (known !== undefined && nowMs() - known.atMs < FRESH_MS) return { ok: true, ...known }
    recent.delete(key)
    const found = await find(token)
    if (!found.ok) return found
    recent.set(key, { lease: found.lease, tokenHash, atMs: nowMs() })
    if (recent.size > LEASES_MAX) recent.delete(recent.keys().next().value!)
    return { ok: true, lease: found.lease, tokenHash }
  }
}
