import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { z } from 'zod'
import { judgeSchema, SCRIPTED_JUDGE } from '../../shared/benchmark/judge.ts'
import {
  type CalibrationCase,
  calibrationCaseSchema,
  type JudgeAgreement,
  judgeAgreement,
} from '../../shared/scenario/calibration.ts'
import { readScenarioFolder, SCENARIO_FOLDER } from '../../workers/benchmark/catalogue.ts'
import { startScriptedJudge } from '../../workers/scripted-judge/server.ts'
import { acceptedOrRefused, wrongUsage } from '../command-failure.ts'
import { EXIT_DONE, EXIT_REFUSED } from '../exit-codes.ts'
import { readJsonFile } from '../input/read-json-file.ts'
import { runCommand } from '../run-command.ts'
import { note, type OutputOptions, printAnswer } from '../show/answer.ts'
import { safeText } from '../show/safe-text.ts'
import { renderFacts, renderTable } from '../show/table.ts'
import { askCalibration, judgeAt } from './ask-calibration.ts'

const FOLDER = fileURLToPath(new URL('../../scenarios/calibration/', import.meta.url))
const scoresSchema = z.record(z.string(), z.record(z.string(), z.number()))

/** `bourse scenario calibration`: transcripts that people scored, and how far a judge agrees with them. */
export function addCalibrationCommand(scenario: Command): void {
  scenario
    .command('calibration')
    .description('transcripts that people scored; with a judge’s scores, how far it agrees with them')
    .option('--file <scores.json>', 'what a judge gave: {"calibration_01": {"<criterion>": 4, ...}, ...}')
    .option('--judge <model>', 'ask this judge for its scores: a model, or "scripted" for fixed rules')
    .option(
      '--base-url <url>',
      'where the judge is asked, OpenAI-compatible: an upstream, or the LLM proxy; by default OPENAI_BASE_URL, the key is OPENAI_API_KEY',
    )
    .option('--scores <file>', 'with --judge: write what it gave')
    .option('--json', 'print one JSON document, the transcripts in it')
    .action((options: CalibrationOptions) =>
      runCommand(options, async () => {
        const cases = calibrationCases()
        if (options.judge !== undefined) return await measure(options.judge, cases, options)
        if (options.file === undefined) {
          await printAnswer(options, { ok: true, items: cases }, () => listOf(cases))
          return undefined
        }
        const read = scoresSchema.safeParse(await readJsonFile(options.file))
        if (!read.success) {
          const { path, message } = read.error.issues[0]!
          throw wrongUsage(`--file ${options.file}: ${path.join('.') || 'the document'}: ${message}`, 'file')
        }
        const agreement = judgeAgreement(cases, new Map(Object.entries(read.data)))
        await printAnswer(options, { ok: true, ...agreement }, () => describe(agreement, cases.length))
        return undefined
      }),
    )
}

interface CalibrationOptions extends OutputOptions {
  file?: string
  judge?: string
  baseUrl?: string
  scores?: string
}

/** Asks a judge, and tells how far it agrees with the people. 1: it could not score every transcript. */
async function measure(
  model: string,
  cases: readonly CalibrationCase[],
  options: CalibrationOptions,
): Promise<number> {
  if (options.file !== undefined) throw wrongUsage('say --file or --judge, not both')
  const scripted = model === SCRIPTED_JUDGE ? await startScriptedJudge() : null
  const baseUrl = scripted?.baseUrl ?? options.baseUrl ?? process.env.OPENAI_BASE_URL
  if (!baseUrl) throw wrongUsage('--base-url, or OPENAI_BASE_URL, says where the judge is asked', 'base-url')
  try {
    const known = acceptedOrRefused(readScenarioFolder(SCENARIO_FOLDER))
    const ask = judgeAt(baseUrl, process.env.OPENAI_API_KEY)
    const judge = judgeSchema.parse({ model, temperature: 0 })
    const tell = (done: number) => note(`${done} of ${cases.length} transcripts are scored`)
    const asked = await askCalibration(ask, judge, cases, known.scenarios, tell)
    const scores = Object.fromEntries(asked.scores)
    if (options.scores !== undefined) await writeFile(options.scores, `${JSON.stringify(scores, null, 2)}\n`)
    const agreement = judgeAgreement(cases, asked.scores)
    const problems = Object.fromEntries(asked.problems)
    const isWhole = asked.problems.size === 0
    await printAnswer(options, { ok: isWhole, ...agreement, problems }, () =>
      [
        describe(agreement, cases.length),
        ...[...asked.problems].map(([id, problem]) => safeText(`${id}: ${problem}\n`)),
      ].join(''),
    )
    return isWhole ? EXIT_DONE : EXIT_REFUSED
  } finally {
    await scripted?.close()
  }
}

/** The transcripts of the checkout, in their order. */
export function calibrationCases(): CalibrationCase[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map(name => calibrationCaseSchema.parse(JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))))
}

function listOf(cases: readonly CalibrationCase[]): string {
  return renderTable(
    ['transcript', 'scenario', { right: 'mean' }, 'why'],
    cases.map(({ id, scenario, scores, why }) => {
      const given = Object.values(scores)
      return [id, scenario, (given.reduce((sum, score) => sum + score, 0) / given.length).toFixed(2), why]
    }),
  )
}

function describe(agreement: JudgeAgreement, cases: number): string {
  const number = (value: number | null) => (value === null ? 'unknown' : value.toFixed(3))
  const percent = (value: number | null) => (value === null ? 'unknown' : `${(value * 100).toFixed(0)} %`)
  return renderFacts([
    ['transcripts scored', `${agreement.cases} of ${cases}`],
    ['scores compared', agreement.scores],
    ['Krippendorff’s alpha', number(agreement.alpha)],
    ['points off, on average', number(agreement.meanAbsoluteError)],
    ['more generous by', number(agreement.bias)],
    ['the same', percent(agreement.exact)],
    ['at most one point off', percent(agreement.withinOne)],
    ['same side of 3', percent(agreement.sameSide)],
  ])
}
