import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type CircuitChange, createCircuit, type Permit } from '../../../shared/llm/circuit.ts'

const RULE = { failureRatio: 0.5, windowSeconds: 10, minimumCalls: 4, openSeconds: 5 }

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 }))
afterEach(() => void vi.useRealTimers())

function circuitUnderTest() {
  const changes: CircuitChange[] = []
  const circuit = createCircuit(RULE, change => changes.push(change))
  const settled = () => new Promise(resolve => setImmediate(resolve))
  return {
    circuit,
    changes,
    async call(end: 'succeeded' | 'failed' | 'abandoned', who = 'ann') {
      const permit = circuit.enter(who)
      permit?.[end]()
      await settled()
      return permit
    },
    settled,
    passSeconds: (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000),
  }
}

test('it opens at the ratio, with the minimum of calls, and tells how many failed', async () => {
  const { call, changes, circuit } = circuitUnderTest()
  await call('succeeded')
  await call('failed')
  await call('failed')
  expect(circuit.status()).toBe('closed')
  await call('failed')
  expect(circuit.status()).toBe('open')
  expect(changes).toEqual([{ status: 'open', failures: 3 }])
  expect(circuit.enter('ann')).toBeNull()
  expect(circuit.admitsInMs()).toBe(5_000)
})

test('failures outside the window are forgotten, also when nothing happened since', async () => {
  const { call, circuit, passSeconds } = circuitUnderTest()
  for (let n = 0; n < 3; n++) await call('failed')
  passSeconds(11)
  await call('failed')
  expect(circuit.status()).toBe('closed')
})

test('after its time one call may try: it closes the circuit or opens it again', async () => {
  const { call, circuit, changes, passSeconds } = circuitUnderTest()
  for (let n = 0; n < 4; n++) await call('failed')
  passSeconds(4.9)
  expect(circuit.enter('ann')).toBeNull()
  passSeconds(0.1)
  const probe = await call('failed')
  expect(probe!.isProbe).toBe(true)
  expect(circuit.status()).toBe('open')
  passSeconds(5)
  await call('succeeded')
  expect(circuit.status()).toBe('closed')
  expect(changes.map(({ status }) => status)).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
  await call('failed')
  expect(circuit.status()).toBe('closed')
})

test('a probe that proves nothing leaves it open; other calls that end so count for nothing', async () => {
  const { call, circuit, passSeconds } = circuitUnderTest()
  for (let n = 0; n < 20; n++) await call('abandoned')
  expect(circuit.status()).toBe('closed')
  for (let n = 0; n < 4; n++) await call('failed')
  passSeconds(5)
  await call('abandoned')
  expect(circuit.status()).toBe('open')
})

test('what fails for one caller alone opens it for nobody, while others are answered', async () => {
  const { call, circuit, changes, passSeconds } = circuitUnderTest()
  for (let round = 0; round < 20; round++) {
    await call('succeeded', round % 2 === 0 ? 'bob' : 'cid')
    for (let n = 0; n < 5; n++) await call('failed', 'mal')
    passSeconds(1)
  }
  expect(changes).toEqual([])
  await call('failed', 'bob')
  expect(circuit.status()).toBe('closed')
})

test('what fails for all opens it, however rarely the others call', async () => {
  const { call, circuit, passSeconds } = circuitUnderTest()
  for (const who of ['bob', 'mal']) await call('succeeded', who)
  passSeconds(1)
  for (let n = 0; n < 3; n++) await call('failed', 'mal')
  expect(circuit.status()).toBe('open')
})

test('what fails for most opens it, although some are answered', async () => {
  const { call, circuit } = circuitUnderTest()
  const ends = ['failed', 'succeeded', 'failed'] as const
  for (let n = 0; n < 9 && circuit.status() === 'closed'; n++) await call(ends[n % 3]!, `agent-${n}`)
  expect(circuit.status()).toBe('open')
})

test('callers beyond those that are told apart count together, and still open it', async () => {
  const { call, circuit } = circuitUnderTest()
  for (let n = 0; n < 150; n++) await call('succeeded', `agent-${n}`)
  for (let n = 0; n < 149; n++) await call('failed', `agent-${n}`)
  expect(circuit.status()).toBe('closed')
  await call('failed', 'agent-149')
  expect(circuit.status()).toBe('open')
})

test('a call begun before it opened neither closes it nor is its probe', async () => {
  const { call, circuit, passSeconds, settled } = circuitUnderTest()
  const early = circuit.enter('ann')!
  for (let n = 0; n < 4; n++) await call('failed')
  early.succeeded()
  await settled()
  expect(circuit.status()).toBe('open')
  passSeconds(5)
  expect(circuit.enter('ann')!.isProbe).toBe(true)
})

test('whatever happens in whatever order, there is never more than one probe', async () => {
  const step = fc.oneof(
    fc.constant({ does: 'enter' as const }),
    fc.record({ does: fc.constantFrom('succeeded', 'failed', 'abandoned'), which: fc.nat(20) }),
    fc.record({ does: fc.constant('wait' as const), seconds: fc.nat(7) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { circuit, settled, passSeconds } = circuitUnderTest()
      const out: Permit[] = []
      for (const one of steps) {
        if (one.does === 'enter') {
          const probes = out.filter(({ isProbe }) => isProbe).length
          const permit = circuit.enter('ann')
          if (permit?.isProbe) expect(probes).toBe(0)
          if (permit !== null) out.push(permit)
        } else if ('seconds' in one) passSeconds(one.seconds)
        else if (out.length > 0) {
          const [permit] = out.splice(one.which % out.length, 1)
          permit![one.does]()
          await settled()
        }
      }
    }),
    { numRuns: 200 },
  )
})
