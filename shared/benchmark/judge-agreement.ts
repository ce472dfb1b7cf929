import type { BourseEvent } from '../events/envelope.ts'
import { krippendorffAlpha } from '../scenario/statistics/krippendorff-alpha.ts'

/**
 * How far the judges of a run agree beyond chance, by Krippendorff's alpha: a unit is a criterion of a trial, with the
 * last score of each judge. Null: fewer than two judges, or nothing that tells.
 */
export function judgeAgreement(trials: Iterable<readonly BourseEvent[]>): number | null {
  const units: number[][] = []
  for (const events of trials) {
    const byCriterion = new Map<string, Map<string, number>>()
    for (const event of events) {
      if (event.type !== 'judge_evaluation') continue
      for (const { criterion, score } of event.data.criteria) {
        const scores = byCriterion.get(criterion) ?? new Map<string, number>()
        scores.set(event.data.judge ?? '', score)
        byCriterion.set(criterion, scores)
      }
    }
    units.push(...[...byCriterion.values()].map(scores => [...scores.values()]))
  }
  return krippendorffAlpha(units)
}
