import { describe, expect, test } from 'vitest'
import { compareVersions, parseVersion, versionWithin } from '../../setup/version.mjs'

describe('versions', () => {
  test.each([
    ['nats-server: v2.12.7', [2, 12, 7]],
    ['go1.26', [1, 26, 0]],
    ['no number here', undefined],
  ])('reads "%s"', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected)
  })

  test('compares by number, not by letter', () => {
    expect(compareVersions('2.9.15', '2.12.7')).toBeLessThan(0)
    expect(compareVersions('24.0.0', '20.20.2')).toBeGreaterThan(0)
    expect(compareVersions('v1.2', '1.2.0')).toBe(0)
  })

  test('a range includes its lower end and leaves out its upper', () => {
    const range = { atLeast: '2.12.7', below: '2.13.0' }
    expect(versionWithin('2.12.7', range)).toBe(true)
    expect(versionWithin('2.12.99', range)).toBe(true)
    expect(versionWithin('2.13.0', range)).toBe(false)
    expect(versionWithin('2.9.10', range)).toBe(false)
    expect(versionWithin('unknown', range)).toBe(false)
  })
})
