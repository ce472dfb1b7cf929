import { setTimeout as delay } from 'node:timers/promises'
import { changeMarket } from '../cli/temporal/market-workflow.ts'
import { verify } from '../shared/verify/verify.ts'
import { type Cast, LOAD } from './cast.ts'
import { CHECKS } from './checks/checks.ts'
import type { CheckResult, Evidence } from './evidence.ts'
import { readMarket } from './final-read.ts'
import { openHistory } from './history.ts'
import { openInjector } from './inject.ts'
import type { FaultKind } from './kinds/kind.ts'
import type { Load } from './load/load.ts'
import { runLoad } from './load/run-load.ts'
import { type Rest, untilAtRest } from './rest.ts'
import { describeWave, type Wave } from './schedule.ts'
import { type Doors, openBus, openDoors } from './stage/doors.ts'
import { createMarkets } from './stage/markets.ts'
import type { Stage } from './stage/open-stage.ts'
import { readCollected } from './watch/collected.ts'
import { startMoneyReader } from './watch/money-reader.ts'

export interface RunOptions {
  stage: Stage
  /** Whom of the stage this run is about. */
  cast: Cast
  /** Decides the load's chances; the faults are in the waves. */
  seed: string
  waves: Iterable<Wave> | AsyncIterable<Wave>
  /** The run ends when it took so long and so many faults were injected, or its waves are over and it took so long. */
  minutes: number
  faults: number
  kinds: readonly FaultKind[]
  loads: readonly Load[]
  /** How long markets may take to come to rest once everything is healed. */
  restWaitMs: number
  onProgress: (text: string) => void
  signal?: AbortSignal
}

/** What a run was, and what the checks found. */
export interface RunReport {
  seed: string
  startedAt: string
  seconds: number
  waves: number
  evidence: Evidence
  checks: CheckResult[]
  ok: boolean
}

/** Load goes on for so long before the first fault, and after the last. */
const CALM_AROUND_MS = 3_000
const RESUME_TRIES_MAX = 20

/**
 * Runs load on a stage, injects the faults of a seed, heals, waits until the markets are at rest, and checks what was
 * promised against what is there.
 */
export async function runFaults(options: RunOptions): Promise<RunReport> {
  const { stage, cast, seed, minutes, kinds, loads, restWaitMs, onProgress, signal } = options
  const startedMs = Date.now()
  const untilMs = startedMs + minutes * 60_000
  const deathsBefore = stage.parts().map(part => part.strangeDeaths.length)
  const doors = await openDoors(stage.environmentOf(null), 'bourse faults')
  const tokens = await createMarkets(doors, cast)
  const models = cast.llmProxies.map(name => `http://127.0.0.1:${stage.portOf(LOAD, name)}/v1`)
  const outside = await openDoors(stage.environmentOf(LOAD), 'bourse faults load', { tokens, models })
  const reader = startMoneyReader(doors.environment.postgresUrl, cast.markets)
  const history = openHistory()
  const load = runLoad({ loads, cast, doors: outside, history, seed })
  const injector = openInjector(kinds, { stage, doors }, onProgress)
  let waves = 0
  try {
    await delay(CALM_AROUND_MS)
    for await (const wave of options.waves) {
      const injected = injector.faults.filter(fault => fault.injectedMs !== null).length
      const isEnough = Date.now() >= untilMs && injected >= options.faults
      if (isEnough || signal?.aborted) break
      waves = wave.number
      if (wave.faults.length > 0) onProgress(describeWave(wave).split('\n')[0]!)
      await injector.run(wave)
      await delay(wave.calmMs)
    }
    await delay(Math.max(0, untilMs - Date.now()), undefined, { signal }).catch(() => {})
    onProgress('healing everything')
    await injector.finish()
    // A run beside others heals nothing that it did not break.
    if (waves > 0) await stage.heal()
    await delay(CALM_AROUND_MS)
    await load.stop()
    for (const market of cast.markets) await resume(outside, market)
    await load.resolveUnknowns()
    onProgress('waiting until the markets are at rest')
    const rest = await untilAtRest(doors.db, cast.markets, hasCollected, restWaitMs)
    await reader.stop()
    onProgress('reading everything')
    const evidence = await readEvidence(rest)
    const checks = CHECKS.map(check => check(evidence))
    return {
      seed,
      startedAt: new Date(startedMs).toISOString(),
      seconds: Math.round((Date.now() - startedMs) / 1000),
      waves,
      evidence,
      checks,
      ok: checks.every(check => check.ok),
    }
  } finally {
    await Promise.allSettled([load.stop(), reader.stop()])
    // A call that is still tried again when its connection closes would end this process: then it stays open.
    if (await history.settled()) await Promise.allSettled([outside.close()])
    await Promise.allSettled([doors.close()])
  }

  function hasCollected(market: string, seq: number): boolean {
    return (readCollected(stage.home, market).at(-1)?.seq ?? 0) >= seq
  }

  async function readEvidence({ facts, unrest }: Rest): Promise<Evidence> {
    const bus = await openBus(stage.environmentOf(null), 'bourse faults')
    try {
      const markets = []
      for (const market of cast.markets)
        markets.push(await readMarket(doors.db, bus, stage.home, market, facts.get(market)!))
      const checks = []
      for (const marketId of cast.markets)
        checks.push(
          ...(await verify({ db: doors.db, bus, marketId, fromEvents: true, publishWaitMs: restWaitMs }))
            .checks,
        )
      return {
        faults: injector.faults,
        operations: history.operations,
        money: reader.tally,
        markets,
        strangeDeaths: stage.parts().flatMap((part, place) => part.strangeDeaths.slice(deathsBefore[place])),
        unrest,
        verify: { ok: checks.every(check => check.ok), checks },
      }
    } finally {
      await bus.close()
    }
  }
}

/** An operator that was interrupted may have left a market paused. */
async function resume({ temporal, taskQueue }: Doors, market: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await changeMarket(temporal, taskQueue, market, 'resume')
      return
    } catch (error) {
      if (tries === RESUME_TRIES_MAX) throw error
    }
  }
}
