import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBundle, readBundle } from '../../../shared/bundle/bundle.ts'

const resources = ['cpu', 'memory', 'tokens', 'attention']

describe('reading a bundle', () => {
  it('gives quantities in the market order, absent ones zero', () => {
    expect(readBundle({ tokens: '0.25', cpu: 0.1, durationSeconds: 10 }, resources)).toEqual({
      ok: true,
      quantitiesPpm: [100_000, 0, 250_000, 0],
      durationSeconds: 10,
    })
    expect(readBundle({ cpu: 1, memory: undefined, durationSeconds: 86_400 }, resources).ok).toBe(true)
  })

  it.each([
    0.1 + 0.2,
    1e-7,
    '0.0000001',
    1.000001,
    2,
    1e21,
    -0.1,
    '-0',
    '+1',
    '',
    ' 1',
    '1e-3',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    {},
    [0.1],
    1n,
  ])('refuses %s of a resource', quantity => {
    expect(readBundle({ cpu: quantity, durationSeconds: 10 }, resources)).toMatchObject({
      ok: false,
      field: 'cpu',
    })
  })

  it.each([0, -1, 1.5, 86_401, 1e21, '10', Number.NaN, null, undefined])(
    'refuses %s seconds',
    durationSeconds => {
      expect(readBundle({ cpu: 0.1, durationSeconds }, resources)).toMatchObject({
        ok: false,
        field: 'durationSeconds',
      })
    },
  )

  it.each([null, undefined, 'cpu', 1, [], [0.1]])('refuses %j as a bundle', input => {
    expect(readBundle(input, resources)).toMatchObject({ ok: false, field: 'bundle' })
  })

  it('refuses a bundle of nothing', () => {
    expect(readBundle({ durationSeconds: 10 }, resources)).toMatchObject({ ok: false, field: 'bundle' })
    expect(readBundle({ cpu: -0, memory: 0, durationSeconds: 10 }, resources)).toMatchObject({
      ok: false,
      field: 'bundle',
    })
  })

  it('names a key it does not know, and those it does', () => {
    expect(readBundle({ gpu: 1, durationSeconds: 10 }, ['cpu', 'memory'])).toEqual({
      ok: false,
      field: 'gpu',
      problem: '"gpu" is not in a bundle of this market: allowed are cpu, memory, durationSeconds',
    })
    const polluted = JSON.parse('{"cpu": 0.1, "durationSeconds": 10, "__proto__": {"memory": 1}}')
    expect(readBundle(polluted, resources)).toMatchObject({ ok: false, field: '__proto__' })
    expect(readBundle({ constructor: 1, cpu: 0.1, durationSeconds: 1 }, resources)).toMatchObject({
      ok: false,
      field: 'constructor',
    })
    const long = readBundle({ ['x'.repeat(100_000)]: 1 }, resources) as { problem: string; field: string }
    expect(long.problem.length + long.field.length).toBeLessThan(300)
  })

  it('takes any names a market gives its resources', () => {
    expect(readBundle({ constructor: 0.5, durationSeconds: 1 }, ['constructor', 'to-string'])).toMatchObject({
      quantitiesPpm: [500_000, 0],
    })
  })

  it('does not look at what an object inherits', () => {
    const inherited = Object.assign(Object.create({ cpu: 0.5 }), { durationSeconds: 1 })
    expect(readBundle(inherited, resources)).toMatchObject({ ok: false, field: 'bundle' })
  })
})

describe('formatting a bundle', () => {
  it('is read back as the same bundle', () => {
    const anyQuantities = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(anyQuantities, fc.integer({ min: 1, max: 86_400 }), (quantitiesPpm, durationSeconds) => {
        fc.pre(quantitiesPpm.some(quantity => quantity > 0))
        const written = JSON.parse(JSON.stringify(formatBundle(quantitiesPpm, durationSeconds, resources)))
        expect(readBundle(written, resources)).toEqual({ ok: true, quantitiesPpm, durationSeconds })
      }),
    )
  })

  it('names every resource', () => {
    expect(formatBundle([100_000, 1, 0, 1_000_000], 10, resources)).toEqual({
      cpu: 0.1,
      memory: 0.000001,
      tokens: 0,
      attention: 1,
      durationSeconds: 10,
    })
  })
})
