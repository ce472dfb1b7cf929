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
const executions = 'executions are what the events say'
const allowances = 'allowances are what the events say'
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
  [
    'a life',
    `update agents set status = 'dead', judge_at = null where name = 'bob'`,
    agents,
    /dead in Postgres and alive/,
  ],
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
    'what an allowance pays',
    'update allowances set amount_micro = amount_micro + 1',
    allowances,
    /^allowance agent\/carl: amountMicro is 1000001 in Postgres and 1000000/,
  ],
  ['an allowance that was lost', 'delete from allowances', allowances, /is not in Postgres/],
  [
    'a reputation',
    `update services set succeeded = succeeded + 1`,
    services,
    /^service carl\/adding: succeeded is 2 in Postgres and 1/,
  ],
  [
    'what a service costs',
    `update services set cost_micro = cost_micro + 1`,
    services,
    /costMicro is 1000001 in Postgres and 1000000/,
  ],
  [
    'what a service is said to do',
    `update services set specification = '{"adds": true}'`,
    services,
    /specification is \{"adds":true\} in Postgres and \{\}/,
  ],
  [
    'a service that was lost',
    `delete from services`,
    services,
    /^service carl\/adding was made by the events/,
  ],
  ['a freezing', `update agents set frozen = true where name = 'bob'`, agents, /frozen is true in Postgres/],
  [
    'an owner',
    `update agents set owner = 'mallory' where name = 'bob'`,
    agents,
    /^agent bob: owner is mallory in Postgres and null by its events$/,
  ],
  [
    'open bids',
    `update agents set open_bids = open_bids + 1 where name = 'carl'`,
    agents,
    /^agent carl: openBids is/,
  ],
  [
    'a prompt that is open again',
    `update prompts set status = 'open' where status = 'expired'`,
    prompts,
    /status is open in Postgres and expired/,
  ],
  [
    'what a prompt earned',
    `update prompts set awarded_micro = awarded_micro + 1 where status = 'rewarded'`,
    prompts,
    /awardedMicro is \d+ in Postgres and \d+/,
  ],
  [
    'whose prompt it was',
    `update prompts set agent_id = (select agent_id from agents where name = 'bob') where status = 'rewarded'`,
    prompts,
    /agent is bob in Postgres and alice/,
  ],
  ['a prompt that was lost', `delete from prompts where status = 'open'`, prompts, /is not in Postgres/],
  [
    'how an execution ended',
    `update executions set reason = 'stopped', exit_code = 1 where status = 'terminated'`,
    executions,
    /exitCode is 1 in Postgres and 0/,
  ],
  [
    'an execution that goes on',
    `update executions set status = 'running', reason = null, exit_code = null where status = 'terminated'`,
    executions,
    /status is running in Postgres and terminated/,
  ],
  [
    'an execution that was lost',
    `delete from executions where started_at is not null`,
    executions,
    /by the events, but is not in Postgres/,
  ],
  [
    'an execution that no event told',
    `update executions set started_at = now() where status = 'missed'`,
    executions,
    /is in Postgres, but no event made it/,
  ],
  ['a lease that goes on', `update leases set status = 'active' where status = 'ended'`, leases, /status is/],
  [
    'what was burned',
    `update system_accounts set balance_micro = 0 where account = 'burn'`,
    market,
    /burnedMicro/,
  ],
  [
    'what waits',
    `update system_accounts set balance_micro = 0 where account = 'escrow'`,
    market,
    /escrowMicro/,
  ],
  [
    'a capacity',
    `update market_resources set capacity = capacity + 1 where name = 'cpu'`,
    market,
    /resources is \[.*"capacity":"5"/,
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
