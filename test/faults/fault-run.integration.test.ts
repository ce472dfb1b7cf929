import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { castOf } from '../../faults/cast.ts'
import { DEFECTS, type DefectName } from '../../faults/defects/defect-names.ts'
import { hadEffect } from '../../faults/defects/effects.ts'
import { faultKinds } from '../../faults/kinds/kinds.ts'
import { detailOf } from '../../faults/kinds/points.ts'
import { bidsBySignal, bidsByUpdate } from '../../faults/load/bids.ts'
import { LOADS } from '../../faults/load/loads.ts'
import { type RunOptions, type RunReport, runFaults } from '../../faults/run-faults.ts'
import { schedule, type Wave } from '../../faults/schedule.ts'
import { openStage, type Stage } from '../../faults/stage/open-stage.ts'
import type { PointName } from '../../faults/worker/point-names.ts'
import { PATIENCE_MS } from '../patience.ts'

const SEED = 'short'
const WORKERS = 3
/** Short enough that a publisher is frozen for longer within a short run. */
const DUPLICATE_WINDOW_MS = 500
/** Faults of the seed's schedule that follow the points. */
const SEEDED_FAULTS = 4
const RUN_WAIT_MS = 600_000

const all = castOf('m', WORKERS, 4)
const [SOUND, ...DEFECTIVE] = all.markets as [string, ...string[]]
const defects = Object.fromEntries(
  (Object.keys(DEFECTS) as DefectName[]).map((name, place) => [DEFECTIVE[place]!, name]),
)
/** Every point of the test is to be reached, on a slow machine too. */
const kinds = faultKinds(DUPLICATE_WINDOW_MS, PATIENCE_MS)
const home = mkdtempSync(join(tmpdir(), 'bourse-faults-test-'))
let stage: Stage

const POINTS: PointName[] = [
  'amid-publishing',
  'before-hint',
  'before-publish',
  'before-watermark',
  'amid-settlement',
  'before-settlement-report',
]
/** The publisher thaws when it was replaced and NATS has forgotten; at the other points a worker ends. */
const POINT_WAVES: Wave[] = POINTS.map((point, place) => {
  const thawsLate = point === 'amid-publishing'
  const fault = {
    kind: 'point',
    target: 'whichever worker',
    afterMs: 0,
    lastsMs: thawsLate ? DUPLICATE_WINDOW_MS + 7_000 : 0,
    detail: detailOf(point, thawsLate ? 'SIGSTOP' : 'SIGKILL', 0, SOUND),
  }
  return { number: place + 1, faults: [fault], calmMs: 0 }
})

/** The loads that go through workers, where the defects are. */
const THROUGH_WORKERS = [bidsByUpdate, bidsBySignal]
const soundCast = { ...all, markets: [SOUND] }
let sound: RunReport
let defective: RunReport[]

/** Markets with a defect have their load beside the other's points, until each has done harm. */
beforeAll(async () => {
  const onProgress = () => {}
  stage = await openStage({ home, cast: all, duplicateWindowMs: DUPLICATE_WINDOW_MS, defects, onProgress })
  const beside = Promise.all(
    DEFECTIVE.map(market => {
      const cast = { ...all, markets: [market] }
      return run({
        cast,
        loads: THROUGH_WORKERS,
        waves: untilEffective(market),
        faults: 0,
        restWaitMs: 2_000,
      })
    }),
  )
  async function* waves() {
    yield* POINT_WAVES
    await beside
    yield* schedule(SEED, kinds, soundCast)
  }
  const faults = POINTS.length + SEEDED_FAULTS
  const main = run({ cast: soundCast, loads: LOADS, waves: waves(), faults, restWaitMs: PATIENCE_MS })
  ;[sound, defective] = await Promise.all([main, beside])
}, RUN_WAIT_MS)
afterAll(async () => {
  await stage.close()
  rmSync(home, { recursive: true })
}, RUN_WAIT_MS)

/** No waves, but the run goes on. */
async function* untilEffective(market: string): AsyncGenerator<Wave> {
  await vi.waitFor(() => expect(hadEffect(home, market)).toBe(true), { timeout: PATIENCE_MS, interval: 50 })
}

async function run(
  options: Pick<RunOptions, 'cast' | 'loads' | 'waves' | 'faults' | 'restWaitMs'>,
): Promise<RunReport> {
  return await runFaults({
    ...options,
    stage,
    seed: SEED,
    kinds,
    minutes: 0,
    onProgress: () => {},
  })
}

const failing = ({ checks }: RunReport) =>
  checks.filter(check => !check.ok).map(({ name, problems }) => ({ name, problems }))

test('a market keeps what it promised when workers end at named points, and through the faults of a seed', () => {
  expect(failing(sound)).toEqual([])
  const { faults, operations } = sound.evidence
  const injected = faults.filter(fault => fault.injectedMs !== null)
  const reached = new Set(injected.map(fault => fault.detail.point))
  expect(POINTS.filter(point => !reached.has(point))).toEqual([])
  expect(new Set(injected.map(fault => fault.kind)).size).toBeGreaterThan(2)
  expect(operations.filter(operation => operation.outcome === 'acknowledged').length).toBeGreaterThan(50)
})

test('each deliberate defect is seen by its check', () => {
  const seenBy: Record<DefectName, string[]> = {
    'lost-publish': [
      'every event is in the stream, once and in order',
      'every event is at the collector, once and in order',
    ],
    'double-settlement': ['a bid that won is charged once'],
    'skipped-hold': ['credits add up at every read during the run'],
  }
  for (const [place, market] of DEFECTIVE.entries()) {
    const found = failing(defective[place]!).map(check => check.name)
    const defect = defects[market]!
    expect(found, defect).toEqual(expect.arrayContaining(seenBy[defect]))
  }
})
