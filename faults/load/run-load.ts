import { setTimeout as delay } from 'node:timers/promises'
import type { Cast } from '../cast.ts'
import type { Answer, History, Operation, Wanted } from '../history.ts'
import { seededRandom } from '../random.ts'
import type { Doors } from '../stage/doors.ts'
import type { Load, Scene } from './load.ts'

export interface RunningLoad {
  /** Begins nothing new and waits for what is under way. */
  stop(): Promise<void>
  /** Asks again, now that all is well, for everything under a key that is still unknown. */
  resolveUnknowns(): Promise<void>
}

/** An unknown outcome is asked for again in most cases; the rest is left for the final read to find. */
const ASK_AGAIN = 0.75
const ASKS_MAX = 4
const ASK_AGAIN_AFTER_MS = { low: 50, high: 1_500 }
/** Now and then somebody asks again for what was acknowledged. */
const ASK_NEEDLESSLY = 0.08
const RESOLVE_TRIES_MAX = 3

/** Runs every load in every market until it is stopped. */
export function runLoad(options: {
  loads: readonly Load[]
  cast: Cast
  doors: Doors
  history: History
  seed: string
}): RunningLoad {
  const { loads, cast, doors, history, seed } = options
  const over = new AbortController()
  const open = new Map<Operation, () => Promise<Answer>>()
  const pause = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {})

  const running = loads.flatMap(load => cast.markets.map(market => repeat(load, market)))

  async function repeat(load: Load, market: string): Promise<void> {
    const random = seededRandom(`${seed}/${load.name}/${market}`)
    const place = { load: load.name, market }
    const scene: Scene = {
      ...place,
      agents: cast.agents,
      doors,
      history,
      random,
      pause,
      doKeyed: (wanted, act) => doKeyed({ ...place, ...wanted }, act),
      doOnce: (wanted, act) => history.attempt({ ...place, ...wanted, key: null }, act),
    }
    await pause(random.below(load.everyMs))
    while (!over.signal.aborted) {
      await load.act(scene)
      await pause(random.between(load.everyMs / 2, load.everyMs * 1.5))
    }

    async function doKeyed(wanted: Wanted, act: () => Promise<Answer>): Promise<Operation> {
      const operation = await history.attempt(wanted, act)
      for (let asks = 0; asks < ASKS_MAX && operation.outcome === 'unknown'; asks++) {
        if (over.signal.aborted || !random.chance(ASK_AGAIN)) break
        await pause(random.between(ASK_AGAIN_AFTER_MS.low, ASK_AGAIN_AFTER_MS.high))
        await history.again(operation, act)
      }
      if (operation.outcome === 'unknown' && random.chance(ASK_AGAIN)) open.set(operation, act)
      if (operation.outcome === 'acknowledged' && random.chance(ASK_NEEDLESSLY))
        await history.again(operation, act)
      return operation
    }
  }

  return {
    async stop() {
      over.abort()
      await Promise.all(running)
    },
    async resolveUnknowns() {
      for (const [operation, act] of open) {
        for (let tries = 0; tries < RESOLVE_TRIES_MAX && operation.outcome === 'unknown'; tries++)
          await history.again(operation, act)
      }
    },
  }
}
