import { expect, test } from 'vitest'
import { judgeAgreement } from '../../../shared/benchmark/judge-agreement.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'

const said = (judge: string, ...scores: number[]) =>
  ({
    type: 'judge_evaluation',
    data: {
      judge,
      criteria: scores.map((score, place) => ({ criterion: `c${place}`, score, justification: '' })),
    },
  }) as unknown as BourseEvent

test('judges that always agree have an alpha of 1, and one judge tells nothing', () => {
  expect(judgeAgreement([[said('a', 5, 1), said('b', 5, 1)]])).toBe(1)
  expect(judgeAgreement([[said('a', 5, 1)]])).toBeNull()
})

test('of a judge that was asked anew the last scores count', () => {
  expect(judgeAgreement([[said('a', 1, 5), said('b', 5, 1), said('a', 5, 1)]])).toBe(1)
  expect(judgeAgreement([[said('a', 1, 5), said('b', 5, 1)]])).toBeLessThan(0)
})
