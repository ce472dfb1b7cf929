import { expect, test } from 'vitest'
import { judgeMessage, type MessageFacts } from '../../../shared/bus/judge-message.ts'

const TABLE_EPOCH = 2

function judged(
  claimed: { seq: number; epoch?: number } | null,
  expectedSeq: number,
  facts: { ofTable?: boolean; proven?: boolean; whole?: boolean } = {},
) {
  const claim = claimed === null ? null : { eventId: 'id', epoch: TABLE_EPOCH, ...claimed }
  const asked: MessageFacts = {
    isTableEvent: async () => facts.ofTable ?? false,
    isProven: () => facts.proven ?? false,
    isWholeEvent: () => facts.whole ?? false,
  }
  return judgeMessage(claim, expectedSeq, TABLE_EPOCH, asked)
}

test('the event that belongs here is next, whoever published it', async () => {
  expect(await judged({ seq: 4 }, 4, { ofTable: true, proven: true })).toBe('next')
  expect(await judged({ seq: 4 }, 4, { ofTable: true })).toBe('next')
})

test('a message that claims no event is garbage', async () => {
  expect(await judged(null, 4, { proven: true, whole: true })).toBe('garbage')
})

test('a copy of an earlier event is garbage', async () => {
  expect(await judged({ seq: 3 }, 4, { ofTable: true, proven: true, whole: true })).toBe('garbage')
})

test('a later event of the table shows a hole', async () => {
  expect(await judged({ seq: 6 }, 4, { ofTable: true })).toBe('hole')
})

test('what we published and the table does not have was lost by the table', async () => {
  expect(await judged({ seq: 4 }, 4, { proven: true, whole: true })).toBe('lost')
  expect(await judged({ seq: 9 }, 4, { proven: true, whole: true })).toBe('lost')
})

test('what we published in an epoch that a repair has ended is superseded', async () => {
  expect(await judged({ seq: 4, epoch: 1 }, 4, { proven: true, whole: true })).toBe('superseded')
})

test('what a collector would take for an event, though we did not publish it, is forged', async () => {
  expect(await judged({ seq: 4 }, 4, { whole: true })).toBe('forged')
  expect(await judged({ seq: 9 }, 4, { whole: true })).toBe('forged')
})

test('what no collector would take is garbage', async () => {
  expect(await judged({ seq: 4 }, 4)).toBe('garbage')
})
