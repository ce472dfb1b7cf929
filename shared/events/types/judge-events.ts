import { z } from 'zod'
import { eventType } from './event-type.ts'

const points = z.number().min(1).max(5)

/** What judges of a benchmark say. None changes anything that is rebuilt. */
export const judgeEvents = {
  judge_evaluation: {
    ...eventType('judge', 'A judge scored what an agent said and did.', {
      evaluation_id: z.string(),
      judge: z.string().optional().describe('the model that judged'),
      agent_reasoning: z.string(),
      agent_actions: z.array(z.unknown()),
      criteria: z.array(z.strictObject({ criterion: z.string(), score: points, justification: z.string() })),
      overall_score: points,
      pass: z.boolean(),
      feedback: z.string(),
    }),
    version: 2,
  },
  judge_reply_refused: eventType(
    'judge',
    'A judge answered what could not be read as scores; it is asked again.',
    {
      evaluation_id: z.string(),
      judge: z.string(),
      attempt: z.number().int().min(1),
      problem: z.string(),
    },
  ),
}
