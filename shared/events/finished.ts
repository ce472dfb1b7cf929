import { createHash } from 'node:crypto'
import type { EconomyState } from './state.ts'
import type { FinishedKind, Tally } from './tally.ts'

const SUM_MODULUS = 1n << 128n

/** Adds one thing to a tally: the first 16 bytes of the SHA-256 of its line, as a number, modulo 2^128. */
export function addFinished(tally: Tally, kind: string, id: string | number, state: object): void {
  const digest = createHash('sha256')
    .update(lineOf(kind, id, state))
    .digest('hex')
  tally.count += 1
  tally.sum = (tally.sum + BigInt(`0x${digest.slice(0, 32)}`)) % SUM_MODULUS
}

/** Moves what is over for good from the state to its tallies; what is left is all that events can still change. */
export function foldFinished(state: EconomyState): void {
  const fold = <Id extends string | number, One extends object>(
    kind: FinishedKind,
    things: Map<Id, One>,
    isOver: (one: One) => boolean,
  ) => {
    for (const [id, one] of things) {
      if (!isOver(one)) continue
      addFinished(state.finished[kind], kind, id, one)
      things.delete(id)
    }
  }
  fold('bid', state.bids, bid => bid.status !== 'pending' && bid.status !== 'winning')
  // A settled hold is complete with the transfer that follows it.
  fold('hold', state.holds, hold => hold.status === 'released' || hold.settledTo !== null)
  fold('lease', state.leases, lease => lease.status !== 'active')
  fold('cycle', state.cycles, () => true)
  fold('price', state.prices, () => true)
  fold('execution', state.executions, execution => execution.status === 'terminated')
  fold('prompt', state.prompts, prompt => prompt.status !== 'open')
}

/** A thing as one line of JSON: its keys sorted at every depth, whole millionths as decimal strings. */
export function lineOf(kind: string, id: string | number, state: object): string {
  return JSON.stringify(sorted({ kind, id, state }))
}

function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map(key => [key, sorted((value as Record<string, unknown>)[key])]))
}
