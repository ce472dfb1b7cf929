import { expect, it } from 'vitest'
import { sparkline } from '../../../cli/show/sparkline.ts'

it('draws the lowest and the highest value, a steady factor as a steady slope', () => {
  expect(sparkline([1, 2, 4, 8, 16, 32, 64, 128], 60)).toBe('▁▂▃▄▅▆▇█')
})

it('draws values that are nearly the same as one line', () => {
  expect(sparkline([1, 1, 1.001], 60)).toBe('▁▁▁')
})

it('draws more values than there is room for as the last of each stretch', () => {
  expect(sparkline([1, 64, 1, 64, 1, 1, 1, 1], 4)).toBe('██▁▁')
  expect(sparkline([], 4)).toBe('')
})
