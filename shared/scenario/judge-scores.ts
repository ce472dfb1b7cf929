import { z } from 'zod'
import type { CollectedEvent } from './collected-event.ts'
import { mean } from './statistics/spread.ts'
import type { TrialEvents } from './trial-events.ts'

const evaluationSchema = z.object({
  criteria: z.array(z.object({ criterion: z.string(), score: z.number().min(1).max(5) })).max(1_000),
})

export interface JudgeScores {
  /** Over all judges, of the mean of each one's criteria. Null: no judge scored all of them. */
  score: number | null
  /** By criterion, what each judge gave. */
  byCriterion: Map<string, number[]>
  decidedBy: string[]
  /** Judges whose evaluation lacks a criterion. */
  incomplete: number
}

/**
 * The scores of these criteria by every `judge_evaluation` of the trial. Only what was scored counts: the overall score
 * that an event states beside it does not, nor do criteria that were not asked for. Of a criterion that an evaluation
 * scores twice the lower score counts.
 */
export function judgeScores({ events }: TrialEvents, criteria: readonly string[]): JudgeScores {
  const byCriterion = new Map<string, number[]>(criteria.map(criterion => [criterion, []]))
  const means: number[] = []
  const decidedBy: string[] = []
  let incomplete = 0
  for (const event of events.filter(isEvaluation)) {
    const scores = scoresOf(event)
    const asked = criteria.map(criterion => scores.get(criterion))
    if (asked.some(score => score === undefined)) {
      incomplete += 1
      continue
    }
    for (const criterion of criteria) byCriterion.get(criterion)!.push(scores.get(criterion)!)
    means.push(mean(asked as number[]))
    decidedBy.push(event.event_id)
  }
  return { score: means.length === 0 ? null : mean(means), byCriterion, decidedBy, incomplete }
}

function isEvaluation(event: CollectedEvent): boolean {
  return event.type === 'judge_evaluation' && event.source === 'judge'
}

function scoresOf(event: CollectedEvent): Map<string, number> {
  const read = evaluationSchema.safeParse(event.data)
  const scores = new Map<string, number>()
  for (const { criterion, score } of read.success ? read.data.criteria : []) {
    scores.set(criterion, Math.min(score, scores.get(criterion) ?? score))
  }
  return scores
}
