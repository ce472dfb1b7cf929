import { createHash } from 'node:crypto'
import { foldFinished, lineOf } from './finished.ts'
import type { EventData } from './registry.ts'
import { type EconomyState, emptyState, type MarketState } from './state.ts'
import type { FinishedKind } from './tally.ts'

export type CheckpointPart = EventData<'state_checkpoint'>

/** A part's lines are this many characters together at most, so that the part fits into a message, escapes and all. */
const PART_CHARACTERS_MAX = 300_000

/** Maps of a state that stand in a checkpoint line by line, by the kind of their lines. */
const KINDS = {
  agent: 'agents',
  bid: 'bids',
  hold: 'holds',
  lease: 'leases',
  cycle: 'cycles',
  price: 'prices',
  service: 'services',
  allowance: 'allowances',
  execution: 'executions',
  prompt: 'prompts',
} as const satisfies Record<string, keyof EconomyState>

/** The checkpoint of a state, in parts; folds what is finished first. The market must have been created. */
export function partsOf(state: EconomyState): CheckpointPart[] {
  foldFinished(state)
  const lines = linesOf(state)
  const slices: string[][] = [[]]
  let characters = 0
  for (const line of lines) {
    if (characters + line.length > PART_CHARACTERS_MAX && characters > 0) {
      slices.push([])
      characters = 0
    }
    slices.at(-1)!.push(line)
    characters += line.length
  }
  const state_hash = hashOf(lines)
  return slices.map((slice, place) => ({ part: place + 1, parts: slices.length, state_hash, state: slice }))
}

/** The state that a checkpoint's lines tell, after all its parts; null when they do not have that hash. */
export function stateOf(lines: readonly string[], hash: string): EconomyState | null {
  if (hashOf(lines) !== hash) return null
  const state = emptyState()
  for (const line of lines) {
    const { kind, id, state: one } = JSON.parse(line)
    if (kind === 'market') state.market = withAmounts(one) as unknown as MarketState
    else if (kind === 'finished')
      state.finished[id as FinishedKind] = { count: one.count, sum: BigInt(one.sum) }
    else (state[KINDS[kind as keyof typeof KINDS]] as Map<unknown, unknown>).set(id, withAmounts(one))
  }
  return state
}

function linesOf(state: EconomyState): string[] {
  const lines = [lineOf('market', 'market', state.market!)]
  for (const [kind, place] of Object.entries(KINDS)) {
    for (const [id, one] of state[place]) lines.push(lineOf(kind, id, one))
  }
  for (const [kind, { count, sum }] of Object.entries(state.finished)) {
    lines.push(lineOf('finished', kind, { count, sum }))
  }
  return lines
}

function hashOf(lines: readonly string[]): string {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(line).update('\n')
  return hash.digest('hex')
}

/** Amounts are the fields of a state whose names end in `Micro`, a cycle's prices a list of them. */
function withAmounts(state: Record<string, unknown>): Record<string, unknown> {
  const read = (value: unknown) => (value === null ? null : BigInt(value as string))
  for (const [field, value] of Object.entries(state)) {
    if (field.endsWith('Micro')) state[field] = Array.isArray(value) ? value.map(read) : read(value)
  }
  return state
}
