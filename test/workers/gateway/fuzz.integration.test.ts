import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verify } from '../../../shared/verify/verify.ts'
import { drawMessages } from '../../fuzz/messages.ts'
import { sendMessages } from '../../fuzz/send-messages.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectByToken, tokenOf } from '../identity/agent-door.ts'

/** `npm run fuzz` sends more. */
const AGENTS = 24
const MESSAGES_PER_AGENT = 100
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

describe(`fuzzed from seed ${SEED}`, () => {
  test('whatever agents send is answered in words and leaves the market in order', async () => {
    const messages = drawMessages(SEED, AGENTS * MESSAGES_PER_AGENT, names)
    const codes = new Set<string>()
    await Promise.all(
      names.map(async (agent, index) => {
        const connection = await connectByToken(await tokenOf(economy.db, marketId, agent), marketId, agent)
        const own = messages.slice(index * MESSAGES_PER_AGENT, (index + 1) * MESSAGES_PER_AGENT)
        await sendMessages(connection, { marketId, agent }, own, code => codes.add(code))
        await connection.close()
      }),
    )
    expect([...codes]).toEqual(
      expect.arrayContaining(['ok', 'invalid_json', 'invalid_request', 'unknown_operation']),
    )
    const report = await verify({ db: economy.db, bus: economy.bus, marketId, fromEvents: true })
    expect(report.checks.filter(check => !check.ok)).toEqual([])
  })
})
