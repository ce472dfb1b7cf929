import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DatabaseClient } from '../../../shared/db/pool.ts'
import { checkRebuilt } from '../../../shared/verify/rebuild.ts'
import { connectServers, openEventfulMarket, publish, type Servers, withCopyOf } from './audited-market.ts'

let servers: Servers
let marketId: string

beforeAll(async () => {
  servers = await connectServers()
  marketId = await openEventfulMarket(servers.db)
  await publish(servers, marketId)
})

afterAll(() => servers.close())

const market = 'the market is what its events say'
const agents = 'agents and balances are what the events say'
const bids = 'bids are what the events say'
const holds = 'holds are what the events say'
const leases = 'leases are what the events say'
const cycles = 'settled cycles are what the events say'
const prompts = 'prompts are what the events say'
const prices = 'posted prices are what the events say'
const services = 'services are what the events say'

test('rebuilds from the stream what Postgres has', async () => {
  const checks = await withCopyOf(servers.db, marketId, client => rebuildAgainst(client))
  expect(checks.filter(check => !check.ok)).toEqual([])
  expect(checks.filter(check => check.checked === 0).map(check => check.name)).toEqual([prices])
})

test.each<[change: string, sql: string, failing: string, detail: RegExp]>([
  [
    'the scores of a prompt',
    `update prompts set useful = 9 where status = 'rewarded'`,
    prompts,
    /scores is \{.*"useful":9.*\} in Postgres/,
  ],
  [
    'a balance',
    `update agents set available_micro = available_micro + 1 where name = 'bob'`,
    agents,
    /^agent bob: availableMicro is \d+ in Postgres and \d+ by its events$/,
  ],
  ['a life', `update agents set status = 'dead' where name = 'bob'`, agents, /dead in Postgres and alive/],
  [
    'an agent nobody registered',
    `with bob as (update agents set name = name where name = 'bob' returning *)
     insert into agents (agent_id, market_id, name, status, available_micro, held_micro, open_bids)
     select -1, market_id, 'eve', status, 0, 0, 0 from bob`,
    agents,
    /^agent eve is in Postgres, but no event made it$/,
  ],
  [
    'a bid',
    `update bids set amount_micro = amount_micro + 1 where status = 'outbid'`,
    bids,
    /amountMicro is/,
  ],
  [
    'a verdict',
    `update bids set rank = rank + 1 where status = 'completed'`,
    bids,
    /rank is 2 in Postgres and 1/,
  ],
  [
    'a bid that was lost',
    `delete from bids where status = 'cancelled'`,
    bids,
    /by the events, but is not in Postgres/,
  ],
  [
    'a hold',
    `update holds set ref = 'more' where status = 'released'`,
    holds,
    /ref is more in Postgres and call/,
  ],
  ['a lease', `update leases set ends_at = ends_at + interval '1 second'`, leases, /endsAt is/],
  [
    'a cycle',
    `update cycles set losers = losers + 1 where number = 1`,
    cycles,
    /^cycle 1: losers is 2 in Postgres and 1/,
  ],
  ['a demand', `update cycles set demand_ppm = '{1,1}' where number = 2`, cycles, /demandPpm is \[1,1\]/],
  [
    'a rule',
    `update markets set rules = rules || '{"maxOpenBids": 7}'`,
    market,
    /rules is .*"maxOpenBids":7/,
  ],
  ['a status', `update markets set status = 'open'`, market, /status is open in Postgres and paused/],
  [
    'what is leased',
    `update market_resources set leased_ppm = 0`,
    market,
    /leasedPpm is \[0,0,0,0\] in Postgres/,
  ],
  [
    'what was minted',
    `update system_accounts set balance_micro = balance_micro - 1 where account = 'mint'`,
    market,
    /mintedMicro is/,
  ],
  [
    'a price that no event told',
    `insert into prices (market_id, tick, ordinal, price_micro, exponent_millionths, demand_ppm, reason, elapsed_ms,
                         ticked_at, recorded_at)
     select market_id, 1, 0, 10000, 0, 0, 'unchanged', 0, now(), now() from markets`,
    prices,
    /^price 1\/cpu is in Postgres, but no event made it$/,
  ],
  [
    'a reputation',
    `update services set succeeded = succeeded + 1`,
    services,
    /^service carl\/adding: succeeded is 2 in Postgres and 1/,
  ],
])('names a difference in %s', async (_change, sql, failing, detail) => {
  const checks = await withCopyOf(servers.db, marketId, async client => {
    const { rowCount } = await client.query(sql)
    expect(rowCount).toBeGreaterThan(0)
    return await rebuildAgainst(client)
  })
  expect(checks.filter(check => !check.ok)).toEqual([
    expect.objectContaining({ name: failing, detail: expect.stringMatching(detail) }),
  ])
})

async function rebuildAgainst(client: DatabaseClient) {
  const { rows } = await client.query('select last_seq from market_sequences')
  return await checkRebuilt(client, {
    bus: servers.bus,
    marketId,
    lastSeq: Number(rows[0].last_seq),
    waitMs: 5_000,
  })
}
