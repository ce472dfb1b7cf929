import type { Answer, History, Operation, Wanted } from '../history.ts'
import type { Random } from '../random.ts'
import type { Doors } from '../stage/doors.ts'

/** What an agent or operator does again and again by one way in. */
export interface Load {
  name: string
  /** The mean pause between two of its acts in one market. */
  everyMs: number
  /** Does it once. Whatever it meets is noted in the history; it does not throw. */
  act(scene: Scene): Promise<void>
}

/** Where an act takes place. */
export interface Scene {
  load: string
  market: string
  agents: readonly string[]
  doors: Doors
  history: History
  random: Random
  /** Does something under a key, and again when it is not known what became of it. */
  doKeyed(wanted: Omit<Wanted, 'load' | 'market'>, act: () => Promise<Answer>): Promise<Operation>
  /** Does something that cannot be done again. */
  doOnce(wanted: Omit<Wanted, 'load' | 'market' | 'key'>, act: () => Promise<Answer>): Promise<Operation>
  /** Waits until the run goes on or is over. */
  pause(ms: number): Promise<void>
}

/** What an outcome is to a history: a refusal's code, or the id of what was accepted. */
export function answerOf<O extends { ok: boolean }>(
  outcome: O,
  idOf: (accepted: Extract<O, { ok: true }>) => string,
): Answer {
  if (isRefusal(outcome)) return { refused: outcome.error.code }
  return { acknowledged: idOf(outcome as Extract<O, { ok: true }>) }
}

function isRefusal(outcome: { ok: boolean }): outcome is { ok: false; error: { code: string } } {
  return !outcome.ok
}
