import { z } from 'zod'
import { labelSchema } from './matcher.ts'
import { krippendorffAlpha } from './statistics/krippendorff-alpha.ts'
import { mean } from './statistics/spread.ts'

/** A transcript that people scored, by which a judge is measured. */
export const calibrationCaseSchema = z.strictObject({
  id: labelSchema,
  scenario: labelSchema.describe('whose criteria are scored'),
  transcript: z
    .array(
      z.strictObject({ seq: z.number().int(), at: z.iso.datetime(), type: z.string(), data: z.unknown() }),
    )
    .min(1)
    .max(200)
    .describe('what a judge is shown of a trial'),
  scores: z.record(labelSchema, z.number().int().min(1).max(5)).describe('by criterion, from 1 to 5'),
  why: z.string().min(1).max(1_000),
})

export type CalibrationCase = z.infer<typeof calibrationCaseSchema>

/** What a judge gave a case, by criterion. */
export type JudgedCase = Readonly<Record<string, number>>

export interface JudgeAgreement {
  /** Krippendorff's alpha of the judge and the people, over every criterion of every case; null: too little to tell. */
  alpha: number | null
  /** Mean of how far a score is off, in points; null: nothing was scored. */
  meanAbsoluteError: number | null
  /** Mean of judge minus people: above zero the judge is the more generous. */
  bias: number | null
  /** Share of scores that are the same, and that are at most one point off. */
  exact: number | null
  withinOne: number | null
  /** Share of cases in which judge and people fall on the same side of a mean of 3. */
  sameSide: number | null
  /** Cases with every criterion scored by the judge, and scores compared. */
  cases: number
  scores: number
}

const PASS_MEAN = 3

/** How far a judge agrees with the people who scored the calibration. A case that it did not score whole does not count. */
export function judgeAgreement(
  cases: readonly CalibrationCase[],
  judged: ReadonlyMap<string, JudgedCase>,
): JudgeAgreement {
  const compared = cases.flatMap(({ id, scores }) => {
    const given = judged.get(id)
    const criteria = Object.keys(scores)
    const isWhole = given !== undefined && criteria.every(criterion => isScore(given, criterion))
    return isWhole ? [criteria.map(criterion => [scores[criterion]!, given[criterion]!] as const)] : []
  })
  const units = compared.flat()
  const share = (holds: (off: number) => boolean) =>
    average(units.map(([people, judge]) => (holds(Math.abs(judge - people)) ? 1 : 0)))
  const side = (scores: readonly number[]) => mean(scores) >= PASS_MEAN
  return {
    alpha: krippendorffAlpha(units),
    meanAbsoluteError: average(units.map(([people, judge]) => Math.abs(judge - people))),
    bias: average(units.map(([people, judge]) => judge - people)),
    exact: share(off => off === 0),
    withinOne: share(off => off <= 1),
    sameSide: average(
      compared.map(unit =>
        side(unit.map(([people]) => people)) === side(unit.map(([, judge]) => judge)) ? 1 : 0,
      ),
    ),
    cases: compared.length,
    scores: units.length,
  }
}

function isScore(given: JudgedCase, criterion: string): boolean {
  const score = Object.hasOwn(given, criterion) ? given[criterion]! : Number.NaN
  return score >= 1 && score <= 5
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values)
}
