import { expect, test } from 'vitest'
import { judgeMessage } from '../../../shared/bus/judge-message.ts'

const whole = () => true
const broken = () => false
const claim = (seq: number, eventId = `id-${seq}`) => ({ seq, eventId })

test('the event that belongs here is next', () => {
  expect(judgeMessage(claim(4), 4, 'id-4', whole)).toBe('next')
})

test('a message that claims no event is garbage', () => {
  expect(judgeMessage(null, 4, null, whole)).toBe('garbage')
})

test('a copy of an earlier event is garbage', () => {
  expect(judgeMessage(claim(3), 4, 'id-3', whole)).toBe('garbage')
})

test('a later event of the table shows a hole', () => {
  expect(judgeMessage(claim(6), 4, 'id-6', whole)).toBe('hole')
})

test('a whole next event that the table does not have is ahead of it', () => {
  expect(judgeMessage(claim(4), 4, null, whole)).toBe('ahead')
  expect(judgeMessage(claim(4), 4, 'another', whole)).toBe('ahead')
})

test('what the table does not have is garbage when it is not whole, or not next', () => {
  expect(judgeMessage(claim(4), 4, null, broken)).toBe('garbage')
  expect(judgeMessage(claim(9), 4, null, whole)).toBe('garbage')
})
