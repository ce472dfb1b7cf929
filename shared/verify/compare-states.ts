import { isDeepStrictEqual } from 'node:util'
import { addFinished } from '../events/finished.ts'
import type { Tally } from '../events/tally.ts'

export interface StateComparison {
  checked: number
  wrong: number
  /** The first differences. */
  examples: string[]
}

const EXAMPLES_MAX = 3

/**
 * Compares what Postgres has with what was rebuilt, thing by thing and field by field. Takes out of `rebuilt` what
 * it has compared, so that memory is given back on the way. `finished` is what a checkpoint told to be over: such
 * things are compared all together.
 */
export async function compareStates<Id extends string | number, State extends object>(
  noun: string,
  stored: AsyncIterable<[Id, State]> | Iterable<[Id, State]>,
  rebuilt: Map<Id, State>,
  finished: Tally = { count: 0, sum: 0n },
): Promise<StateComparison> {
  const comparison: StateComparison = { checked: 0, wrong: 0, examples: [] }
  const tell = (difference: string) => {
    comparison.wrong += 1
    if (comparison.examples.length < EXAMPLES_MAX) comparison.examples.push(difference)
  }
  const over: Tally = { count: 0, sum: 0n }
  for await (const [id, state] of stored) {
    comparison.checked += 1
    const other = rebuilt.get(id)
    rebuilt.delete(id)
    if (other === undefined && finished.count > 0) addFinished(over, noun, id, state)
    else if (other === undefined) tell(`${noun} ${id} is in Postgres, but no event made it`)
    else if (!isDeepStrictEqual(state, other)) tell(`${noun} ${id}: ${firstDifference(state, other)}`)
  }
  for (const id of rebuilt.keys()) {
    comparison.checked += 1
    tell(`${noun} ${id} was made by the events, but is not in Postgres`)
  }
  if (over.count !== finished.count) {
    tell(
      `of ${noun}s over before the checkpoint Postgres has ${over.count}, the checkpoint ${finished.count}`,
    )
  } else if (over.sum !== finished.sum) {
    tell(`some of the ${over.count} ${noun}s over before the checkpoint are not what they were then`)
  }
  return comparison
}

function firstDifference(stored: object, rebuilt: object): string {
  const fields = new Set([...Object.keys(stored), ...Object.keys(rebuilt)])
  for (const field of fields) {
    const [inPostgres, byEvents] = [fieldOf(stored, field), fieldOf(rebuilt, field)]
    if (isDeepStrictEqual(inPostgres, byEvents)) continue
    return `${field} is ${shown(inPostgres)} in Postgres and ${shown(byEvents)} by its events`
  }
  return 'is not the same'
}

function fieldOf(state: object, field: string): unknown {
  return (state as Record<string, unknown>)[field]
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value)
  return (
    JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part)) ?? 'absent'
  )
}
