import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EXIT_DONE, EXIT_REFUSED, EXIT_UNUSABLE } from '../cli/exit-codes.ts'
import { stackHome } from '../shared/config/stack-state.ts'
import { castOf } from './cast.ts'
import { faultKinds } from './kinds/kinds.ts'
import { LOADS } from './load/loads.ts'
import { type FaultOptions, readOptions, USAGE, WrongUsage } from './options.ts'
import { renderReport, reportDocument } from './report.ts'
import { runFaults } from './run-faults.ts'
import { describeWave, schedule } from './schedule.ts'
import { openStage } from './stage/open-stage.ts'

const REST_WAIT_MS = 120_000
const say = (text: string) => process.stderr.write(`${text}\n`)

/** `npm run faults`: exit code 0 when everything held, 1 when something did not, 2 when it could not run. */
try {
  const options = readOptions(process.argv.slice(2), () => randomBytes(4).toString('hex'))
  process.exitCode = options.scheduleOnly ? printSchedule(options) : await run(options)
} catch (error) {
  say(error instanceof WrongUsage ? `${error.message}\n${USAGE}` : ((error as Error).stack ?? String(error)))
  process.exitCode = EXIT_UNUSABLE
}

function kindsOf({ only, duplicateWindowMs }: FaultOptions) {
  const kinds = faultKinds(duplicateWindowMs)
  const unknown = only?.find(name => !kinds.some(kind => kind.name === name))
  if (unknown !== undefined)
    throw new WrongUsage(`--only names "${unknown}"; kinds are: ${kinds.map(kind => kind.name).join(', ')}`)
  return kinds.filter(kind => only === null || only.includes(kind.name))
}

/** Prints the waves that are planned into the time; a run takes longer for each, so it does not reach the last. */
function printSchedule(options: FaultOptions): number {
  const cast = castOf('m', options.workers, options.markets)
  let plannedMs = 0
  process.stdout.write(`seed ${options.seed}\n`)
  for (const wave of schedule(options.seed, kindsOf(options), cast)) {
    if (plannedMs > options.minutes * 60_000) break
    process.stdout.write(`${describeWave(wave)}\n`)
    plannedMs += Math.max(0, ...wave.faults.map(fault => fault.afterMs + fault.lastsMs)) + wave.calmMs
  }
  return EXIT_DONE
}

async function run(options: FaultOptions): Promise<number> {
  const { seed, minutes, faults, workers, markets, duplicateWindowMs } = options
  const kinds = kindsOf(options)
  const cast = castOf('m', workers, markets)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())
  const home = mkdtempSync(join(tmpdir(), 'bourse-faults-'))
  say(`seed ${seed}; everything of this run is in ${home}`)
  const stage = await openStage({ home, cast, duplicateWindowMs, onProgress: say })
  try {
    const report = await runFaults({
      stage,
      cast,
      seed,
      waves: schedule(seed, kinds, cast),
      minutes,
      faults,
      kinds,
      loads: LOADS,
      restWaitMs: REST_WAIT_MS,
      onProgress: say,
      signal: interrupted.signal,
    })
    const out = options.out ?? join(stackHome(), 'faults.json')
    mkdirSync(dirname(out), { recursive: true })
    writeFileSync(out, `${JSON.stringify(reportDocument(report), null, 2)}\n`)
    process.stdout.write(`${renderReport(report)}Written to ${out}\n`)
    if (report.ok && !options.keep) rmSync(home, { recursive: true, force: true })
    return report.ok ? EXIT_DONE : EXIT_REFUSED
  } finally {
    await stage.close()
  }
}
