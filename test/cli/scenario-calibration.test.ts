import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../patience.ts'
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

// The catalogue is read whole, on a machine that does other things as well.
vi.setConfig({ testTimeout: PATIENCE_MS })

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

  it('asks a judge for its scores, which can be kept and measured again', async () => {
    const kept = join(folder, 'kept.json')
    const asked = await runBourse([
      'scenario',
      'calibration',
      '--judge',
      'scripted',
      '--scores',
      kept,
      '--json',
    ])
    expect(asked.code).toBe(0)
    expect(JSON.parse(asked.stdout)).toMatchObject({ ok: true, cases: 30, problems: {} })
    expect(asked.stderr).toContain('30 of 30 transcripts are scored')
    const again = await runBourse(['scenario', 'calibration', '--file', kept, '--json'])
    expect(JSON.parse(again.stdout).alpha).toBe(JSON.parse(asked.stdout).alpha)
  })

  it('says which transcripts a judge could not score', async () => {
    const server = createServer((_request, response) => response.writeHead(200).end('{"choices": []}'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const asked = await runBourse([
      'scenario',
      'calibration',
      '--judge',
      'silent',
      '--base-url',
      url,
      '--json',
    ])
    server.closeAllConnections()
    server.close()
    const document = JSON.parse(asked.stdout)
    expect([asked.code, document.ok, document.cases]).toEqual([1, false, 0])
    expect(Object.keys(document.problems)).toHaveLength(30)
    expect(document.problems.calibration_01).toContain('in 3 tries: it is not one JSON object')
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
