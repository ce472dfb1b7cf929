import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPostgresIdentity } from '../../shared/db/agents/postgres-identity.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../workflows/economy-client.ts'
import { bourseJson, runBourse } from './run-bourse.ts'

const bundle = { cpu: 0.6, durationSeconds: 1 }
const ids: Record<string, string> = {}
let test: TestEconomy
let market: string

/** A market in which one bid came to each of its ends. */
beforeAll(async () => {
  test = await openTestEconomy()
  market = await test.createMarket('traced', {}, { ann: 100n, bob: 100n })
  await test.economy.pauseMarket(market, 'test')
  const expiresAt = new Date(Date.now() + 500).toISOString()
  const bids = {
    expired: { agent: 'bob', bid: { amount: '1', bundle, expiresAt, key: 'late' } },
    cancelled: { agent: 'bob', bid: { amount: '2', bundle } },
    won: { agent: 'ann', bid: { amount: '30', bundle, key: 'mine' } },
    revoked: { agent: 'ann', bid: { amount: '29', bundle: { cpu: 0.1, durationSeconds: 600 } } },
    outbid: { agent: 'bob', bid: { amount: '20', bundle, onBehalfOf: 'ann' } },
    refused: { agent: 'bob', bid: { amount: '500', bundle, key: 'dear' } },
  }
  const sent = Object.values(bids).map(one => ({ ...one, via: 'cli' as const, actor: 'cli/test' }))
  const verdicts = await test.economy.admitBids(market, sent)
  Object.keys(bids).forEach((name, place) => {
    const verdict = verdicts[place]!
    ids[name] = verdict.ok ? verdict.bidId : verdict.error.operationId!
  })
  await test.economy.cancelBid({ marketId: market, bidId: ids.cancelled!, agent: 'bob' })
  await eventually(async () => {
    const { rows } = await test.db.query(`select status from bids where bid_id = $1`, [ids.expired])
    return rows[0].status === 'expired'
  })
  await test.economy.resumeMarket(market, 'test')
  await eventually(async () => {
    const { rows } = await test.db.query(`select status from leases where bid_id = $1`, [ids.won])
    return rows[0]?.status === 'ended'
  })
  const { rows } = await test.db.query('select lease_id from leases where bid_id = $1', [ids.revoked])
  const revocation = { marketId: market, leaseId: rows[0].lease_id, refund: true, reason: 'it misbehaved' }
  await createPostgresIdentity(test.db, async () => {}).revokeLease({ ...revocation, actor: 'cli/test' })
  await eventually(async () => {
    const stands = await test.economy.describeMarket(market)
    return stands.ok && stands.publishedSeq === stands.lastSeq
  })
})
afterAll(() => test.close())

/** What the command prints, without the times and places of its lines, which are told apart. */
async function trace(...args: string[]): Promise<{ code: unknown; lines: string[]; dated: number }> {
  const { code, stdout } = await runBourse(['trace', ...args])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours are made of
  const plain = stdout.replace(/\u001b\[\d+m/g, '').trimEnd()
  const when = / \d{4}-\d\d-\d\dT[\d:.]+Z \(\+\d+ ms\)( event \d+)?$/gm
  return { code, lines: plain.replace(when, '').split('\n'), dated: plain.match(when)?.length ?? 0 }
}

it('tells a win from its placement to the end of its lease', async () => {
  const { code, lines, dated } = await trace(ids.won!)
  expect({ code, dated }).toEqual({ code: 0, dated: 5 })
  expect(lines).toEqual([
    `bid ${ids.won} of ann in market ${market}: completed`,
    '├─ placed via cli by cli/test',
    '│  ├─ held 30 credits',
    '│  └─ wants 60 % of cpu for 1 s',
    '├─ waited in the book: considered by cycle 1',
    '├─ cycle 1 let it win',
    '│  ├─ won at rank 1 of 3 and pays its amount',
    '│  ├─ score 30 credits, cut-off 29 credits (highest-bid)',
    expect.stringMatching(/^│ {2}├─ prices: \w+/),
    '│  └─ 30 credits paid',
    expect.stringMatching(/^└─ lease [0-9a-f-]{36}$/),
    '   ├─ starts',
    '   └─ ended',
    `trace ${ids.won!.replaceAll('-', '')}`,
  ])
  expect((await trace('--key', 'mine', '--agent', 'ann', '--market', market)).lines).toEqual(lines)
})

it('tells a loss with what there was too little of', async () => {
  const { code, lines } = await trace(ids.outbid!)
  expect(code).toBe(0)
  expect(lines.slice(1)).toEqual([
    '├─ placed via cli by cli/test for ann',
    '│  ├─ held 20 credits',
    '│  └─ wants 60 % of cpu for 1 s',
    '├─ waited in the book: considered by cycle 1',
    '└─ cycle 1 outbid it',
    '   ├─ lost at rank 3 of 3 (its score 20 credits against a cut-off of 29 credits): better bids had left 30 % of cpu where it asked 60 %',
    '   ├─ score 20 credits, cut-off 29 credits (highest-bid)',
    expect.stringMatching(/^ {3}├─ prices: \w+/),
    '   └─ 20 credits released',
    `trace ${ids.outbid!.replaceAll('-', '')}`,
  ])
})

it('tells that an operator revoked the lease', async () => {
  const { code, lines, dated } = await trace(ids.revoked!)
  expect({ code, dated }).toEqual({ code: 0, dated: 5 })
  expect(lines.slice(-4)).toEqual([
    '   ├─ starts',
    '   ├─ revoked',
    '   └─ 29 credits given back to ann',
    `trace ${ids.revoked!.replaceAll('-', '')}`,
  ])
})

it.each([
  ['cancelled', 'was taken out of the book before any cycle decided it', '2'],
  ['expired', 'was in the book until its time was over', '1'],
])('tells that a bid was %s', async (end, why, amount) => {
  const { code, lines } = await trace(ids[end]!)
  expect(code).toBe(0)
  expect(lines.slice(4)).toEqual([
    '├─ waited in the book: no cycle considered it',
    `└─ ${end}`,
    `   ├─ ${why}; its credits are free again`,
    `   └─ ${amount} credits released`,
    `trace ${ids[end]!.replaceAll('-', '')}`,
  ])
})

it('tells a refusal by its operation, its event and its key', async () => {
  const expected = [
    `refused bid of bob in market ${market}`,
    '└─ refused, insufficient_balance: it needs 500 credits and 77 are available',
    `trace ${ids.refused!.replaceAll('-', '')}`,
  ]
  expect(await trace(ids.refused!)).toEqual({ code: 0, lines: expected, dated: 1 })
  const written = await test.writtenEvents(market)
  const event = written.find(({ correlation_id }) => correlation_id === ids.refused)!
  expect((await trace(event.event_id)).lines).toEqual(expected)
  expect((await trace('--key', 'dear', '--agent', 'bob', '--market', market)).lines).toEqual(expected)
})

it('ends with 1 when there is nothing to tell, and with 2 when it cannot know of what', async () => {
  for (const args of [
    [randomUUID()],
    ['nonsense'],
    ['--key', 'none', '--agent', 'ann', '--market', market],
  ]) {
    expect(await bourseJson(['trace', ...args])).toMatchObject({
      code: 1,
      document: { ok: false, error: { code: 'unknown_bid' } },
    })
  }
  const noAgent = await bourseJson(['trace', '--key', 'mine', '--agent', 'zoe', '--market', market])
  expect(noAgent).toMatchObject({ code: 1, document: { error: { code: 'unknown_agent' } } })
  for (const args of [[], ['--key', 'mine'], [ids.won!, '--key', 'mine']]) {
    expect((await runBourse(['trace', ...args])).code).toBe(2)
  }
})
