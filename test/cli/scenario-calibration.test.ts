import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runBourse } from './run-bourse.ts'

const folder = mkdtempSync(join(tmpdir(), 'bourse-calibration-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const items = async () =>
  JSON.parse((await runBourse(['scenario', 'calibration', '--json'])).stdout).items as {
    id: string
    scores: Record<string, number>
  }[]

function fileOf(content: unknown): string {
  const path = join(folder, 'scores.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}

describe('bourse scenario calibration', () => {
  it('gives out the transcripts', async () => {
    expect(await items()).toHaveLength(30)
  })

  it('tells how far a judge agrees with those who scored them', async () => {
    const same = Object.fromEntries((await items()).map(({ id, scores }) => [id, scores]))
    const whole = await runBourse(['scenario', 'calibration', '--file', fileOf(same), '--json'])
    expect(JSON.parse(whole.stdout)).toMatchObject({ ok: true, alpha: 1, exact: 1, cases: 30 })
    const some = await runBourse([
      'scenario',
      'calibration',
      '--file',
      fileOf({ calibration_01: same.calibration_01 }),
    ])
    expect(some.stdout).toContain('1 of 30')
  })

  it('cannot read scores that are none', async () => {
    const { code, stderr } = await runBourse([
      'scenario',
      'calibration',
      '--file',
      fileOf({ calibration_01: 5 }),
    ])
    expect([code, stderr]).toEqual([2, expect.stringContaining('calibration_01')])
  })
})
