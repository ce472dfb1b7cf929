import { describe, expect, test } from 'vitest'
import { blockingChecks, checkMemory, checkPlatform, checkServer } from '../../setup/doctor.mjs'
import { doctorJson, doctorText } from '../../setup/doctor-report.mjs'
import { SERVERS } from '../../setup/servers.mjs'

const go = { usable: true, detail: '1.26.0' }
const noGo = { usable: false, detail: 'not installed' }

describe('the doctor', () => {
  test('knows the platforms Bourse runs on, and what to do on others', () => {
    expect(checkPlatform({ platform: 'linux', arch: 'arm64' }).ok).toBe(true)
    expect(checkPlatform({ platform: 'darwin', arch: 'arm64' }).detail).toContain('without the sandbox')
    expect(checkPlatform({ platform: 'win32', arch: 'x64' })).toMatchObject({ ok: false, required: true })
  })

  test('says how long a server that has to be obtained may take', () => {
    const nowhere = { found: undefined, tried: ['no temporal on PATH'] }
    expect(checkServer(SERVERS.temporal, nowhere, go)).toMatchObject({ ok: true, seconds: 150 })
    expect(checkServer(SERVERS.temporal, nowhere, noGo)).toMatchObject({ ok: true, seconds: 30 })
    const found = { kind: 'binary', path: '/bin/temporal', version: '1.29.1', from: 'PATH' } as const
    expect(checkServer(SERVERS.temporal, { found, tried: [] }, noGo)).toMatchObject({ ok: true, seconds: 0 })
  })

  test('is content when only what can be done without is missing', () => {
    const little = checkMemory(1024 ** 3)
    expect(little).toMatchObject({ ok: false, required: false })
    expect(blockingChecks([little])).toEqual([])
    expect(doctorJson([little]).ok).toBe(true)
    const wrong = checkPlatform({ platform: 'aix', arch: 'ppc64' })
    expect(doctorJson([little, wrong]).ok).toBe(false)
    expect(doctorText([little, wrong])).toMatch(/- memory[\s\S]*✗ platform[\s\S]*Something is missing/)
  })
})
