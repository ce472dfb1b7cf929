import fc from 'fast-check'
import { operations } from '../../shared/rpc/operations.ts'

/** A request as it goes out: what follows `rpc.` in the subject, the payload, and a traceparent or none. */
export interface FuzzedMessage {
  operation: string
  bytes: Buffer
  traceparent: string | null
}

/** Operations that nobody serves; subjects of the most levels and letters that clients send. */
const UNKNOWN_OPERATIONS = [
  'x',
  'market',
  'market.bid.x',
  'toString',
  '__proto__',
  '💰',
  'x'.repeat(2_000),
  Array(200).fill('x').join('.'),
]
const TRACEPARENTS = [
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '00-00000000000000000000000000000000-0000000000000000-00',
  'x'.repeat(3_000),
  '💰',
]

/** `count` messages of agents with these names, always the same from one seed. */
export function drawMessages(seed: number, count: number, agents: readonly string[]): FuzzedMessage[] {
  return fc.sample(messagesOf(agents), { numRuns: count, seed })
}

function messagesOf(agents: readonly string[]): fc.Arbitrary<FuzzedMessage> {
  const fields = Object.values(operations).flatMap(({ request }) => Object.keys(request.shape))
  const value = fc.oneof(
    fc.constantFrom(...agents, 'nobody', '', '1', '0.000001', '1e9', '-1', 'NaN', '\u0000', '\ud800', '💰'),
    fc.constantFrom(0, -0, 1, 1.5, -1, 1e21, 2 ** 53, Number.MAX_VALUE, true, false, null),
    fc.uuid(),
    fc.constantFrom({ cpu: 0.1, durationSeconds: 1 }, { cpu: 2 }, { durationSeconds: -1 }, [], [[]], {}),
    fc.jsonValue({ maxDepth: 3 }),
  )
  const request = fc.dictionary(fc.constantFrom(...new Set(fields), 'bids', '__proto__'), value, {
    maxKeys: 6,
  })
  const sensible = sensibleValues(agents)
  /** What one operation knows and nothing else, much of it sensible, so that it often comes as far as the economy. */
  const fitting = fc.constantFrom(...Object.entries(operations)).chain(([operation, { request: schema }]) => {
    const fields = Object.keys(schema.shape)
    const known: Record<string, fc.Arbitrary<unknown>> = {}
    for (const field of fields) {
      const wanted = sensible[field]
      known[field] = wanted
        ? fc.oneof({ weight: 9, arbitrary: wanted }, { weight: 1, arbitrary: value })
        : value
    }
    const object = fc.oneof(
      fc.record(known, { requiredKeys: fields.filter(field => field in sensible) }),
      fc.record(known, { requiredKeys: [] }),
    )
    return object.map(request => ({ operation, bytes: textOf(request) }))
  })
  const operation = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Object.keys(operations)) },
    { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN_OPERATIONS) },
  )
  const bytes = fc.oneof(
    { weight: 4, arbitrary: request.map(textOf) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)) },
    {
      weight: 1,
      arbitrary: fc.tuple(request, fc.nat(), fc.nat(255)).map(([object, place, byte]) => {
        const broken = textOf(object)
        broken[place % broken.length] = byte
        return broken
      }),
    },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }).map(deep => nested(deep)) },
  )
  const asked = fc.oneof(
    { weight: 2, arbitrary: fitting },
    { weight: 1, arbitrary: fc.record({ operation, bytes }) },
  )
  const traceparent = fc.option(fc.constantFrom(...TRACEPARENTS), { freq: 5 })
  return fc.tuple(asked, traceparent).map(([one, trace]) => ({ ...one, traceparent: trace }))
}

/** Values that make sense in the fields that most operations cannot do without. */
function sensibleValues(agents: readonly string[]): Record<string, fc.Arbitrary<unknown>> {
  const agent = fc.constantFrom(...agents)
  const amount = fc.constantFrom('1', '2.5', '0.000001', 3, '40', '1000')
  const text = fc.constantFrom('cheap now', 'two\nlines', '💰')
  const service = fc.constantFrom('adding', 'drawing')
  return {
    to: agent,
    provider: agent,
    service,
    amount,
    cost: amount,
    bundle: fc.constantFrom(
      { cpu: 0.1, durationSeconds: 1 },
      { cpu: 0.2, memory: 0.2, durationSeconds: 5 },
      { attention: 1, durationSeconds: 2 },
    ),
    ...Object.fromEntries(
      ['text', 'decisionId', 'reasoning', 'decision', 'trigger', 'outcomeAssessment'].map(field => [
        field,
        text,
      ]),
    ),
    ...Object.fromEntries(['bidId', 'leaseId', 'promptId', 'callId'].map(field => [field, fc.uuid()])),
  }
}

function textOf(object: unknown): Buffer {
  return Buffer.from(JSON.stringify(object))
}

function nested(deep: number): Buffer {
  return Buffer.from(`{"reasoning":${'['.repeat(deep)}${']'.repeat(deep)}}`)
}
