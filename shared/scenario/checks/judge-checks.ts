import { judgeScores } from '../judge-scores.ts'
import type { Scenario } from '../scenario.ts'
import type { Check } from '../verdict.ts'
import type { CheckContext } from './context.ts'

export interface JudgedChecks {
  checks: Check[]
  judgeScore: number | null
  qualityScore: number | null
}

/** Every criterion that judges are asked for, and what it means. */
export function criteriaOf({ validation }: Scenario): Record<string, string> {
  const { judge_evaluation: evaluation, output_quality: quality } = validation
  const { criteria = {} } = evaluation ?? {}
  const meant = Array.isArray(criteria)
    ? Object.fromEntries(criteria.map(criterion => [criterion, inWords(criterion)]))
    : criteria
  if (quality === undefined) return meant
  return { ...meant, [quality.criterion]: quality.means ?? inWords(quality.criterion) }
}

/** A criterion that is only named means what its name says. */
function inWords(criterion: string): string {
  return criterion.replaceAll('_', ' ')
}

/** The names of the criteria of judge_evaluation. */
function namesOf({ criteria }: NonNullable<Scenario['validation']['judge_evaluation']>): string[] {
  return Array.isArray(criteria) ? criteria : Object.keys(criteria)
}

/** Whether the judges scored high enough. */
export function checkJudges({ scenario, trial }: CheckContext): JudgedChecks {
  const { judge_evaluation: evaluation, output_quality: quality } = scenario.validation
  const score = (kind: 'judge_evaluation' | 'output_quality', criteria: string[], threshold: number) => {
    const scores = judgeScores(trial, criteria)
    const incomplete = scores.incomplete === 0 ? '' : `; ${scores.incomplete} did not score all of them`
    const check: Check = {
      name: kind,
      kind,
      ok: scores.score !== null && scores.score >= threshold,
      lookedFor: `${criteria.join(', ')}: a mean of at least ${threshold}`,
      found: `${describeScores(scores)}${incomplete}`,
      decidedBy: scores.decidedBy,
    }
    return { check, score: scores.score }
  }
  const judged = evaluation && score('judge_evaluation', namesOf(evaluation), evaluation.pass_threshold)
  const rated = quality && score('output_quality', [quality.criterion], quality.threshold)
  return {
    checks: [judged, rated].flatMap(one => (one === undefined ? [] : [one.check])),
    judgeScore: judged?.score ?? null,
    qualityScore: rated?.score ?? null,
  }
}

function describeScores({ score, byCriterion }: ReturnType<typeof judgeScores>): string {
  if (score === null) return 'no evaluation by a judge that scores them'
  const parts = [...byCriterion].map(([criterion, given]) => `${criterion} ${given.join('/')}`)
  return `${Number(score.toFixed(3))} (${parts.join(', ')})`
}
