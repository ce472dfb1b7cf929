import { describe, expect, it } from 'vitest'
import { createProgramTester } from '../../workers/test-program.ts'
import { createWorkerSandbox } from '../../workers/worker-sandbox.ts'
import { PATIENCE_MS } from '../patience.ts'
import { readiness, whySkipped } from '../shared/sandbox/run-program.ts'

const SEEDED = 'export const twice = number => number * 2\n'
const CHECK = `import assert from 'node:assert/strict'
import { twice } from '../twice.mjs'
assert.equal(twice(2), 4)
`
const MEASURE = `import { twice } from './twice.mjs'
console.log(JSON.stringify({ value: twice(2) }))
`

async function tried(module: string, check = CHECK) {
  const seeded = { 'twice.mjs': SEEDED, 'tests/check.mjs': check, 'measure.mjs': MEASURE }
  const tested = await createProgramTester(createWorkerSandbox())({
    seeded,
    files: { ...seeded, 'twice.mjs': module },
    modules: { twice: 'twice.mjs' },
    tests: [{ name: 'check', command: ['node', 'tests/check.mjs'] }],
    measure: { command: ['node', 'measure.mjs'], trials: 1 },
  })
  if (!tested.ok) throw new Error(tested.error.message)
  return tested.results
}

const FORGED = 'console.log(JSON.stringify({ value: 100 }))\n'

describe.skipIf(!readiness.ready)(`a program that is tested${whySkipped}`, () => {
  it('passes and is measured when its test comes to its end', { timeout: PATIENCE_MS }, async () => {
    expect(await tried(SEEDED)).toEqual({
      outcome: 'all_passed',
      tests: [{ name: 'check', passed: true }],
      baseline: [{ value: 4 }],
      modified: [{ value: 4 }],
    })
  })

  it('passes when its test ends the process itself', { timeout: PATIENCE_MS }, async () => {
    const { outcome } = await tried(SEEDED, `${CHECK}process.exit(0)\n`)
    expect(outcome).toBe('all_passed')
  })

  it.each([
    ['ends the process when it is loaded', `${SEEDED}${FORGED}process.exit(0)\n`],
    ['ends the process when it is called', `export function twice() { ${FORGED} process.exit(0) }\n`],
    [
      'ends the process by what Node ends it with',
      `export function twice() { ${FORGED} process.reallyExit(0) }\n`,
    ],
    [
      'swallows what its test throws',
      `process.on('uncaughtException', () => {})\nexport const twice = () => { throw new Error('no') }\n`,
    ],
    ['never comes back', `${FORGED}await new Promise(() => {})\n`],
  ])('fails, and measures nothing, when it %s', { timeout: PATIENCE_MS }, async (_, module) => {
    const { tests, modified } = await tried(module)
    expect({ tests, modified }).toEqual({ tests: [{ name: 'check', passed: false }], modified: [] })
  })
})
