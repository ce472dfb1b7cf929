import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { z } from 'zod'
import {
  type CalibrationCase,
  calibrationCaseSchema,
  type JudgeAgreement,
  judgeAgreement,
} from '../../shared/scenario/calibration.ts'
import { wrongUsage } from '../command-failure.ts'
import { readJsonFile } from '../input/read-json-file.ts'
import { runCommand } from '../run-command.ts'
import { type OutputOptions, printAnswer } from '../show/answer.ts'
import { renderFacts, renderTable } from '../show/table.ts'

const FOLDER = fileURLToPath(new URL('../../scenarios/calibration/', import.meta.url))
const scoresSchema = z.record(z.string(), z.record(z.string(), z.number()))

/** `bourse scenario calibration`: transcripts that people scored, and how far a judge agrees with them. */
export function addCalibrationCommand(scenario: Command): void {
  scenario
    .command('calibration')
    .description('transcripts that people scored; with a judge’s scores, how far it agrees with them')
    .option('--file <scores.json>', 'what a judge gave: {"calibration_01": {"<criterion>": 4, ...}, ...}')
    .option('--json', 'print one JSON document, the transcripts in it')
    .action((options: OutputOptions & { file?: string }) =>
      runCommand(options, async () => {
        const cases = calibrationCases()
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
