import { afterEach, expect, it, vi } from 'vitest'
import { interruptBourse } from './run-bourse.ts'

afterEach(() => vi.unstubAllEnvs())

it('one more worker starts on the servers in use, finishes what it has and ends with 0', async () => {
  vi.stubEnv('BOURSE_TASK_QUEUE', `one-more-${Date.now().toString(36)}`)
  const { code, stdout } = await interruptBourse(['worker'], 'at work')
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'The worker is at work. Ctrl-C ends it.\n' })
})
