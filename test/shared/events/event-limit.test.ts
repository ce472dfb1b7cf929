import { expect, test } from 'vitest'
import { type KeptEvents, nextLimitStep } from '../../../shared/events/event-limit.ts'

const KEPT = 1_000
const fresh: KeptEvents = { firstSeq: 1, trimmedSeq: 1, checkpointSeq: null, publishedSeq: 0, lastSeq: 0 }

test.each<[what: string, kept: Partial<KeptEvents>, step: object]>([
  ['few events stay as they are', { lastSeq: 1_000 }, { kind: 'nothing' }],
  ['many call for a checkpoint', { lastSeq: 1_001 }, { kind: 'write-checkpoint' }],
  [
    'a checkpoint waits until there are enough events after it',
    { checkpointSeq: 1_002, lastSeq: 9_000, publishedSeq: 2_001 },
    { kind: 'nothing' },
  ],
  [
    'and they begin with it when there are, published',
    { checkpointSeq: 1_002, lastSeq: 2_002, publishedSeq: 2_002 },
    { kind: 'begin-with', seq: 1_002 },
  ],
  [
    'what somebody began to remove is removed first',
    { firstSeq: 1_002, checkpointSeq: 1_002, lastSeq: 9_000, publishedSeq: 9_000 },
    { kind: 'begin-with', seq: 1_002 },
  ],
  [
    'then the next checkpoint is due in its turn',
    { firstSeq: 1_002, trimmedSeq: 1_002, checkpointSeq: 1_002, lastSeq: 2_001 },
    { kind: 'nothing' },
  ],
  [
    'which counts from the first event that is kept',
    { firstSeq: 1_002, trimmedSeq: 1_002, checkpointSeq: 1_002, lastSeq: 2_002 },
    { kind: 'write-checkpoint' },
  ],
])('%s', (_what, kept, step) => {
  expect(nextLimitStep({ ...fresh, ...kept }, KEPT)).toEqual(step)
})

test('without a limit everything stays', () => {
  const kept = { ...fresh, checkpointSeq: 5, lastSeq: 1e9, publishedSeq: 1e9 }
  expect(nextLimitStep(kept, null)).toEqual({ kind: 'nothing' })
})

test('however a market goes on, the newest events stay, and not much more than as many before them', () => {
  const kept: KeptEvents = { ...fresh }
  for (let turn = 0; turn < 5_000; turn++) {
    kept.lastSeq += 1 + (turn % 7)
    kept.publishedSeq = kept.lastSeq
    const step = nextLimitStep(kept, KEPT)
    if (step.kind === 'write-checkpoint') kept.checkpointSeq = ++kept.lastSeq
    else if (step.kind === 'begin-with') kept.trimmedSeq = kept.firstSeq = step.seq
    const held = kept.lastSeq - kept.firstSeq + 1
    expect(held).toBeLessThan(2 * KEPT + 20)
    if (kept.firstSeq > 1) expect(held).toBeGreaterThan(KEPT)
  }
  expect(kept.firstSeq).toBeGreaterThan(1)
})
