import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Cast, castOf } from '../../faults/cast.ts'
import { DEFECTS, type DefectName } from '../../faults/defects/defect-names.ts'
import { faultKinds } from '../../faults/kinds/kinds.ts'
import { detailOf } from '../../faults/kinds/points.ts'
import { LOADS } from '../../faults/load/loads.ts'
import { type RunReport, runFaults } from '../../faults/run-faults.ts'
import { schedule, type Wave } from '../../faults/schedule.ts'
import { openStage, type Stage } from '../../faults/stage/open-stage.ts'
import type { PointName } from '../../faults/worker/point-names.ts'

const SEED = 'short'
const WORKERS = 3
/** Short enough that a publisher is frozen for longer within a short run. */
const DUPLICATE_WINDOW_MS = 500
const RUN_WAIT_MS = 400_000

const all = castOf('m', WORKERS, 4)
/** Every point of the test is to be reached, on a slow machine too. */
const REACH_WAIT_MS = 60_000
const kinds = faultKinds(DUPLICATE_WINDOW_MS, REACH_WAIT_MS)
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
    detail: detailOf(point, thawsLate ? 'SIGSTOP' : 'SIGKILL', 0),
  }
  return { number: place + 1, faults: [fault], calmMs: 0 }
})

beforeAll(async () => {
  stage = await openStage({ home, cast: all, duplicateWindowMs: DUPLICATE_WINDOW_MS, onProgress: () => {} })
}, RUN_WAIT_MS)
afterAll(async () => {
  await stage.close()
  rmSync(home, { recursive: true })
}, RUN_WAIT_MS)

/** The cast with one market of the stage. */
const inMarket = (place: number): Cast => ({ ...all, markets: [all.markets[place]!] })

/** Runs for at least so many minutes and faults. */
async function run(
  cast: Cast,
  waves: Iterable<Wave>,
  length: { minutes: number; faults: number },
  restWaitMs = 90_000,
): Promise<RunReport> {
  return await runFaults({
    ...{ stage, cast, seed: SEED, waves, kinds, loads: LOADS },
    ...{ ...length, restWaitMs, onProgress: () => {} },
  })
}

const failing = ({ checks }: RunReport) =>
  checks.filter(check => !check.ok).map(({ name, problems }) => ({ name, problems }))

it(
  'a market keeps what it promised when workers end at named points, and through the faults of a seed',
  async () => {
    const cast = inMarket(0)
    function* waves() {
      yield* POINT_WAVES
      yield* schedule(SEED, kinds, cast)
    }
    const report = await run(cast, waves(), { minutes: 0.7, faults: POINTS.length + 4 })
    expect(failing(report)).toEqual([])
    const { faults, operations } = report.evidence
    const injected = faults.filter(fault => fault.injectedMs !== null)
    const reached = new Set(injected.map(fault => fault.detail.point))
    expect(POINTS.filter(point => !reached.has(point))).toEqual([])
    expect(new Set(injected.map(fault => fault.kind)).size).toBeGreaterThan(2)
    expect(operations.filter(operation => operation.outcome === 'acknowledged').length).toBeGreaterThan(50)
  },
  RUN_WAIT_MS,
)

it(
  'each deliberate defect is seen by its check',
  async () => {
    const seenBy: Record<DefectName, string[]> = {
      'lost-publish': [
        'every event is in the stream, once and in order',
        'every event is at the collector, once and in order',
      ],
      'double-settlement': ['a bid that won is charged once'],
      'skipped-hold': ['credits add up at every read during the run'],
    }
    const names = Object.keys(DEFECTS) as DefectName[]
    const defects = Object.fromEntries(names.map((name, place) => [all.markets[1 + place]!, name]))
    for (const worker of all.workers) stage.part(worker).tell({ defects })
    const reports = await Promise.all(
      names.map((_, place) => run(inMarket(1 + place), [], { minutes: 0.1, faults: 0 }, 8_000)),
    )
    for (const [place, name] of names.entries()) {
      const found = failing(reports[place]!).map(check => check.name)
      expect(found, name).toEqual(expect.arrayContaining(seenBy[name]))
    }
  },
  RUN_WAIT_MS,
)
