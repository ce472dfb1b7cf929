import { describe, expect, test } from 'vitest'
import { readOptions, WrongUsage } from '../../faults/options.ts'

const read = (...args: string[]) => readOptions(args, () => 'fresh')

describe('the options of a fault run', () => {
  test('have defaults', () => {
    expect(read()).toMatchObject({
      seed: 'fresh',
      minutes: 5,
      faults: 0,
      workers: 3,
      duplicateWindowMs: 120_000,
    })
    expect(read('--seed', '7', '--minutes', '0.5', '--only', 'kill, freeze', '--schedule')).toMatchObject({
      seed: '7',
      minutes: 0.5,
      only: ['kill', 'freeze'],
      scheduleOnly: true,
    })
  })

  test.each([
    ['--minutes', 'soon'],
    ['--minutes', '-1'],
    ['--faults', '1.5'],
    ['--workers', '0'],
    ['--duplicate-window-ms', '99'],
    ['--power-loss', 'yes'],
  ])('refuse %s %s and name it', (name, value) => {
    expect(() => read(name, value)).toThrow(WrongUsage)
    expect(() => read(name, value)).toThrow(name)
  })
})
