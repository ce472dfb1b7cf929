import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exampleScenario } from '../shared/scenario/example.ts'
import { runBourse } from './run-bourse.ts'

const folder = mkdtempSync(join(tmpdir(), 'bourse-scenario-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(content: string): string {
  const path = join(folder, 'mine.json')
  writeFileSync(path, content)
  return path
}

describe('bourse scenario', () => {
  it('lists the catalogue, whole or of one domain', async () => {
    const all = JSON.parse((await runBourse(['scenario', 'list', '--json'])).stdout)
    expect(all.items).toHaveLength(25)
    const some = JSON.parse(
      (await runBourse(['scenario', 'list', '--domain', 'self_improvement', '--json'])).stdout,
    )
    expect(some.items.map((one: { id: string }) => one.id)).toEqual([
      'si_001',
      'si_002',
      'si_003',
      'si_004',
      'si_005',
    ])
  })

  it('shows one, or a variant of it', async () => {
    const { stdout } = await runBourse(['scenario', 'show', 'er_009'])
    expect(stdout).toContain('expected_value_reliable')
    const varied = await runBourse(['scenario', 'show', 'er_009', '--variant', '2', '--json'])
    expect(JSON.parse(varied.stdout).scenario).toMatchObject({
      id: 'er_009_v2',
      domain: 'economic_reasoning',
    })
    const unknown = await runBourse(['scenario', 'show', 'er_099'])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('fc_001')])
  })

  it('says that a file is a scenario, and what is doubtful', async () => {
    const words = {
      domain: 'economic_reasoning',
      validation: {
        required_events: [{ type: 'reasoning_trace' }],
        success_condition: 'all_required_present',
      },
    }
    const good = await runBourse([
      'scenario',
      'validate',
      fileOf(JSON.stringify(exampleScenario())),
      '--json',
    ])
    expect([good.code, JSON.parse(good.stdout)]).toEqual([0, { ok: true, id: 'example_001', warnings: [] }])
    const doubtful = await runBourse(['scenario', 'validate', fileOf(JSON.stringify(exampleScenario(words)))])
    expect([doubtful.code, doubtful.stdout]).toEqual([0, expect.stringContaining('rests on words alone')])
  })

  it('says of every problem of a file where it stands', async () => {
    const path = fileOf(JSON.stringify(exampleScenario({ dificulty: 3, id: 'No' }), null, 2))
    const { code, stderr } = await runBourse(['scenario', 'validate', path])
    expect(code).toBe(1)
    expect(stderr).toContain(`${path}:2:3 id: `)
    expect(stderr).toMatch(/:\d+:3 dificulty: "dificulty" is not known here/)
    const asJson = await runBourse(['scenario', 'validate', path, '--json'])
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ok: false,
      error: {
        code: 'invalid_scenario',
        problems: [{ path: 'id', line: 2, column: 3 }, { path: 'dificulty' }],
      },
    })
  })

  it('cannot read a file that is not there', async () => {
    const { code, stderr } = await runBourse(['scenario', 'validate', join(folder, 'none.json')])
    expect([code, stderr]).toEqual([2, expect.stringContaining('none.json cannot be read')])
  })

  it('prints the JSON Schema', async () => {
    const schema = JSON.parse((await runBourse(['scenario', 'schema', '--json'])).stdout)
    expect(schema).toMatchObject({ title: 'Bourse scenario', type: 'object' })
  })
})
