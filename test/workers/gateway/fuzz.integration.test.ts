import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../../shared/rpc/error-codes.ts'
import { operations } from '../../../shared/rpc/operations.ts'
import { rpcSubject } from '../../../shared/rpc/subjects.ts'
import { verify } from '../../../shared/verify/verify.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent } from './agent-connection.ts'

const AGENTS = 40
/** A long run sends more. */
const MESSAGES = Number(process.env.BOURSE_FUZZ_MESSAGES ?? 3_200)
const MESSAGES_PER_AGENT = Math.ceil(MESSAGES / AGENTS)
const ANSWER_WAIT_MS = 30_000
const TEST_WAIT_MS = 120_000 + MESSAGES * 20
/** A run that failed is repeated by its seed. */
const SEED = Number(process.env.BOURSE_FUZZ_SEED ?? Date.now() % 1_000_000)

let economy: TestEconomy
let marketId: string
const names = Array.from({ length: AGENTS }, (_, index) => `a${index}`)

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('fuzz', {}, Object.fromEntries(names.map(agent => [agent, 50n])))
})

afterAll(() => economy.close())

const fields = [
  ...new Set(Object.values(operations).flatMap(({ request }) => Object.keys(request.shape))),
  'bids',
  '__proto__',
]
const value = fc.oneof(
  fc.constantFrom(...names, 'nobody', '', '1', '0.000001', '1e9', '-1', 'NaN', '\u0000', '\ud800', '💰'),
  fc.constantFrom(0, -0, 1, 1.5, -1, 1e21, 2 ** 53, Number.MAX_VALUE, true, false, null),
  fc.uuid(),
  fc.constantFrom({ cpu: 0.1, durationSeconds: 1 }, { cpu: 2 }, { __proto__: null }, [], [[]], {}),
  fc.jsonValue({ maxDepth: 3 }),
)
const request = fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 6 })
const bytes = fc.oneof(
  { weight: 6, arbitrary: request.map(object => Buffer.from(JSON.stringify(object))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)) },
  {
    weight: 1,
    arbitrary: fc.tuple(request, fc.nat(), fc.nat(255)).map(([object, place, byte]) => {
      const broken = Buffer.from(JSON.stringify(object))
      broken[place % broken.length] = byte
      return broken
    }),
  },
)
const operation = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...Object.keys(operations)) },
  { weight: 1, arbitrary: fc.constantFrom('x', 'market', 'market.bid.x', 'toString', '__proto__') },
)

test(
  `whatever agents send is answered in words and leaves the market in order (seed ${SEED})`,
  async () => {
    const messages = fc.sample(fc.tuple(operation, bytes), {
      numRuns: AGENTS * MESSAGES_PER_AGENT,
      seed: SEED,
    })
    await Promise.all(
      names.map(async (agent, index) => {
        const { connection } = await connectAgent(marketId, agent)
        for (const [name, payload] of messages.slice(
          index * MESSAGES_PER_AGENT,
          (index + 1) * MESSAGES_PER_AGENT,
        )) {
          const answer = await connection.request(rpcSubject(marketId, agent, name), payload, {
            timeout: ANSWER_WAIT_MS,
          })
          const { ok, error } = answer.json<{ ok: boolean; error?: { code: string } }>()
          if (!ok) expect(ERROR_CODES, `${name} ${payload.toString('latin1')}`).toHaveProperty(error!.code)
          expect(error?.code).not.toBe('internal_error')
        }
        await connection.close()
      }),
    )
    const report = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  }, TEST_WAIT_MS)
})
