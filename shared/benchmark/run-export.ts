import { z } from 'zod'
import { type BourseEvent, parseEvent } from '../events/envelope.ts'
import { type Scenario, scenarioSchema } from '../scenario/scenario.ts'
import type { EventsByMarket } from './html-report.ts'
import type { StoredRun, StoredTrial } from './run-store.ts'

const VERSION = 1

/** A trial that has a verdict, as an export tells it. */
export interface ExportedTrial {
  scenarioId: string
  trial: number
  marketId: string
  /** The last event in which the agent's acts may be, and the last that the verdict rests on. */
  endSeq: number
  verdictSeq: number
  /** The verdict as it was written down. */
  verdict: string
}

/** All that is needed to decide a run again, by anybody, anywhere. */
export interface RunExport {
  runId: string
  scenarios: Scenario[]
  trials: ExportedTrial[]
  events: EventsByMarket
}

/**
 * A run as JSON lines: what it was, then each trial that has a verdict, followed by its events as they stand in the stream.
 * docs/benchmark.md says what every field means.
 */
export function* exportLines(
  { manifest, inputs, createdAt, finishedAt }: StoredRun,
  trials: readonly StoredTrial[],
  events: EventsByMarket,
): Generator<string> {
  const { scenarios, agent, origins = {} } = inputs
  const { runId } = manifest
  yield lineOf('run', {
    export_version: VERSION,
    run_id: runId,
    created_at: createdAt,
    finished_at: finishedAt,
    manifest,
    scenarios,
    agent,
    origins,
  })
  for (const stored of trials) {
    if (stored.verdict === null) continue
    yield lineOf('trial', {
      run_id: runId,
      scenario_id: stored.scenarioId,
      trial: stored.trial,
      attempt: stored.attempt,
      market_id: stored.marketId,
      end_seq: stored.endSeq,
      verdict_seq: stored.verdictSeq,
      termination: stored.termination,
      verdict: stored.verdict,
    })
    for (const event of events.get(stored.marketId) ?? []) yield `${JSON.stringify(event)}\n`
  }
}

function lineOf(record: 'run' | 'trial', content: object): string {
  return `${JSON.stringify({ record, ...content })}\n`
}

const runSchema = z.looseObject({
  record: z.literal('run'),
  export_version: z.literal(VERSION),
  run_id: z.string(),
  scenarios: z.array(scenarioSchema),
})
const trialSchema = z.looseObject({
  record: z.literal('trial'),
  scenario_id: z.string(),
  trial: z.number().int(),
  market_id: z.string(),
  end_seq: z.number().int(),
  verdict_seq: z.number().int(),
  verdict: z.string(),
})

/** Something in an export that cannot be read, and where. */
export class ExportProblem extends Error {}

/** Reads what exportLines wrote. Throws ExportProblem. */
export async function readExport(lines: AsyncIterable<string> | Iterable<string>): Promise<RunExport> {
  let run: z.infer<typeof runSchema> | undefined
  const trials: ExportedTrial[] = []
  const events = new Map<string, BourseEvent[]>()
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    if (run === undefined) {
      run = readRecord(runSchema, line, number)
    } else if (line.startsWith('{"record":"trial"')) {
      const read = readRecord(trialSchema, line, number)
      trials.push({
        scenarioId: read.scenario_id,
        trial: read.trial,
        marketId: read.market_id,
        endSeq: read.end_seq,
        verdictSeq: read.verdict_seq,
        verdict: read.verdict,
      })
    } else {
      const parsed = parseEvent(line)
      if (!parsed.ok) throw new ExportProblem(`line ${number}: ${parsed.problem}`)
      const ofMarket = events.get(parsed.event.market_id) ?? []
      ofMarket.push(parsed.event)
      events.set(parsed.event.market_id, ofMarket)
    }
  }
  if (run === undefined) throw new ExportProblem('line 1: the file is empty')
  return { runId: run.run_id, scenarios: run.scenarios, trials, events }
}

function readRecord<T extends typeof runSchema | typeof trialSchema>(
  schema: T,
  line: string,
  number: number,
): z.infer<T> {
  let content: unknown
  try {
    content = JSON.parse(line)
  } catch {
    throw new ExportProblem(`line ${number}: it is not JSON`)
  }
  const read = schema.safeParse(content)
  if (read.success) return read.data as z.infer<T>
  const issue = read.error.issues[0]!
  const where = issue.path.map(String).join('.')
  throw new ExportProblem(
    `line ${number}: this is no ${number === 1 ? 'export of a run' : 'trial'}: ${where || 'it'}: ${issue.message}`,
  )
}
