import { expect, test } from 'vitest'
import { type Candidate, chooseUpstream } from '../../../shared/llm/choose-upstream.ts'

const ready: Candidate = { isLeft: true, admitsInMs: 0, restMs: 0, isBusy: false }

test.each([
  ['the first that is ready', [ready, ready], { kind: 'use', place: 0 }],
  [
    'another at once before the preferred one later',
    [{ ...ready, restMs: 10 }, ready],
    { kind: 'use', place: 1 },
  ],
  ['past an open circuit', [{ ...ready, admitsInMs: 9_000 }, ready], { kind: 'use', place: 1 }],
  ['past one that is busy', [{ ...ready, isBusy: true }, ready], { kind: 'use', place: 1 }],
  [
    'the shortest wait',
    [
      { ...ready, restMs: 300 },
      { ...ready, restMs: 200 },
    ],
    { kind: 'wait', waitMs: 200 },
  ],
  [
    'nobody while all circuits are open',
    [{ ...ready, admitsInMs: 9_000 }],
    { kind: 'none', retryAfterMs: 9_000 },
  ],
  ['nobody when the wait is too long', [{ ...ready, restMs: 5_000 }], { kind: 'none', retryAfterMs: 5_000 }],
  ['nobody when none is left', [{ ...ready, isLeft: false }], { kind: 'none', retryAfterMs: 0 }],
])('chooses %s', (_, candidates, choice) => {
  expect(chooseUpstream(candidates, 1_000)).toEqual(choice)
})
