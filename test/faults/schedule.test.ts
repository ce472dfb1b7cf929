import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { castOf } from '../../faults/cast.ts'
import { faultKinds } from '../../faults/kinds/kinds.ts'
import { describeWave, schedule, type Wave } from '../../faults/schedule.ts'

const cast = castOf('m', 3, 2)
const kinds = faultKinds(120_000)

function waves(seed: string, count: number): Wave[] {
  const waves = schedule(seed, kinds, cast)
  return Array.from({ length: count }, () => waves.next().value)
}

describe('a schedule of faults', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(waves('42', 200)).toEqual(waves('42', 200))
    expect(waves('42', 20)).not.toEqual(waves('43', 20))
  })

  test('has every kind, every point and every target in time, and waves of calm', () => {
    const many = waves('7', 2_000)
    const faults = many.flatMap(wave => wave.faults)
    expect(new Set(faults.map(fault => fault.kind))).toEqual(new Set(kinds.map(kind => kind.name)))
    const missing = kinds
      .flatMap(kind => kind.targets(cast))
      .filter(one => !faults.some(f => f.target === one))
    expect(missing).toEqual([])
    expect(many.filter(wave => wave.faults.length === 0).length).toBeGreaterThan(50)
  })

  test('hits no target twice in a wave, nor one that is frozen for long', () => {
    fc.assert(
      fc.property(fc.string(), seed => {
        let nowMs = 0
        const restsUntilMs = new Map<string, number>()
        for (const { faults, calmMs } of waves(seed, 100)) {
          const targets = faults.map(fault => fault.target)
          expect(new Set(targets).size).toBe(targets.length)
          for (const target of targets) expect(restsUntilMs.get(target) ?? 0).toBeLessThanOrEqual(nowMs)
          const isLong = (kind: string) => kind === 'frozen publisher'
          for (const { kind, target, lastsMs } of faults)
            if (isLong(kind)) restsUntilMs.set(target, nowMs + lastsMs)
          const ends = faults.filter(({ kind }) => !isLong(kind)).map(one => one.afterMs + one.lastsMs)
          nowMs += Math.max(0, ...ends) + calmMs
        }
      }),
      { numRuns: 30 },
    )
  })

  test('can be read', () => {
    expect(describeWave({ number: 1, calmMs: 1_500, faults: [] })).toBe(
      'wave 1, then 1.5 s of calm\n  nothing',
    )
    const fault = {
      kind: 'delay',
      target: 'load>postgres',
      afterMs: 300,
      lastsMs: 2_000,
      detail: { delayMs: 50 },
    }
    expect(describeWave({ number: 2, calmMs: 1_000, faults: [fault] })).toBe(
      'wave 2, then 1.0 s of calm\n  +0.3 s  delay load>postgres, for 2.0 s, delayMs 50',
    )
  })
})
