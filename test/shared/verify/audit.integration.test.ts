import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditFinding, auditMarkets } from '../../../shared/db/audit/audit.ts'
import { connectServers, openEventfulMarket, type Servers, withCopyOf } from './audited-market.ts'

let servers: Servers
let marketId: string

beforeAll(async () => {
  servers = await connectServers()
  marketId = await openEventfulMarket(servers.db)
})

afterAll(() => servers.close())

test('finds nothing wrong in a market to which nothing wrong was done, and has looked at all of it', async () => {
  const client = await servers.db.connect()
  const findings = await auditMarkets(client, [marketId])
  client.release()
  expect(findings.filter(one => one.wrong > 0)).toEqual([])
  expect(findings.filter(one => one.checked === 0)).toEqual([])
})

const agent = (name: string) => `(select agent_id from agents where name = '${name}')`
const ledger = 'ledger sums to zero'
const conservation = 'credits are neither made nor lost'
const balances = 'agent balances equal their transactions'
const accounts = 'system accounts equal their transactions'
const running = 'each transaction continues the balance before it'
const transfers = 'transfers agree with their transactions'
const negative = 'no balance is or was below zero'
const holds = 'holds equal open bids'
const resolved = 'holds moved what they set aside'
const serviceCalls = 'service calls agree with their holds'
const reputations = 'services count their calls'
const states = 'each bid is in one state, with what belongs to it'
const supply = 'supply was never exceeded'
const resources = 'resources count their active leases'
const bundles = 'each lease is what its bid won'
const late = 'leases end on time'
const numbers = 'cycles are numbered without gaps, only the last may be open'
const outcomes = 'cycles agree with their bids and payments'
const refunds = 'what was paid for a lease came back once, and only with a reason'
const paidOnce = 'each period of an allowance is paid once'
const paidInTime = 'allowances are paid up to now at most'
const dead = 'the dead have nothing open'
const judged = 'the idle are judged in time'
const escrow = 'escrow holds what open prompts offer'
const promptMoney = 'each prompt moved what its outcome says'
const budgets = 'budgets of leases equal their calls to models'
const calls = 'each call to a model is one of its lease, and was resolved in time'
const seqs = 'events are numbered without gaps, in the order of their time'
const ids = 'each event has an id of its own'

test.each<[damage: string, sql: string, failing: string[]]>([
  ['a call that was charged twice', 'update llm_budgets set used_tokens = used_tokens + 7', [budgets]],
  [
    'a call that was resolved and kept its reservation',
    `update llm_calls set status = 'settled' where status = 'reserved'`,
    [budgets],
  ],
  [
    'a lease that spent more than it has',
    'update llm_budgets set granted_tokens = used_tokens + reserved_tokens - 1',
    [budgets],
  ],
  [
    'a call that nobody resolved',
    `update llm_calls set deadline_at = now() - interval '1 hour' where status = 'reserved'`,
    [calls],
  ],
  ['a call of another lease', 'update llm_calls set lease_id = gen_random_uuid()', [budgets, calls]],
  [
    'a call charged for more than it used',
    `update llm_calls set charged_tokens = reserved_tokens + 1 where status = 'settled'`,
    [budgets, calls],
  ],
  [
    'an allowance that was paid twice',
    `with twice as (select * from transfers where purpose = 'allowance')
     insert into transfers overriding system value select * from twice`,
    [transfers, paidOnce],
  ],
  ['an allowance that was paid ahead', 'update allowances set paid_period = paid_period + 2', [paidInTime]],
  [
    'a death with a prompt open',
    `update agents set status = 'dead', judge_at = null
      where agent_id in (select agent_id from prompts where status = 'open')`,
    [dead],
  ],
  [
    'an idle agent that nobody will judge',
    `update agents set judge_at = null where name = 'alice'`,
    [judged],
  ],
  [
    'a prompt that offers more than was set aside',
    `update prompts set amount_micro = amount_micro + 1 where status = 'open'`,
    [escrow, promptMoney],
  ],
  [
    'a prompt that was rewarded without its reward',
    `update prompts set awarded_micro = awarded_micro + 1 where status = 'rewarded'`,
    [promptMoney],
  ],
  [
    'a prompt that expired and kept its escrow',
    `update prompts set status = 'expired' where status = 'rewarded'`,
    [promptMoney],
  ],
  ['a call paid to another', `update service_calls set provider_id = caller_id`, [serviceCalls, reputations]],
  ['a call that waits for ever', `update service_calls set status = 'waiting'`, [serviceCalls, reputations]],
  ['a reputation nobody earned', `update services set succeeded = succeeded + 1`, [reputations]],
  [
    'a posting in another batch',
    `update transactions set batch_id = batch_id + 1
      where id = (select max(id) from transactions where purpose = 'transfer' or purpose = 'lunch')`,
    [ledger, transfers],
  ],
  [
    'a credit out of nothing',
    `update agents set available_micro = available_micro + 1 where name = 'bob'`,
    [conservation, balances],
  ],
  [
    'a credit moved without a transaction',
    `update agents set available_micro = available_micro + case name when 'bob' then 1 else -1 end
      where name in ('alice', 'bob')`,
    [balances],
  ],
  [
    'a credit burned without a transaction',
    `update system_accounts set balance_micro = balance_micro + case account when 'burn' then 1 else -1 end
      where account in ('mint', 'burn')`,
    [accounts],
  ],
  [
    'a wrong balance in history',
    `update transactions set balance_after_micro = balance_after_micro + 1 where purpose = 'lunch' and amount_micro > 0`,
    [running],
  ],
  [
    'a transfer of more than was posted',
    `update transfers set amount_micro = amount_micro + 1 where purpose = 'lunch'`,
    [transfers],
  ],
  ['a transfer that was lost', `delete from transfers where purpose = 'lunch'`, [transfers]],
  [
    'a balance below zero',
    `update agents set available_micro = -1, held_micro = held_micro + available_micro + 1 where name = 'bob'`,
    [negative, holds],
  ],
  [
    'a hold that nothing stands for',
    `update agents set held_micro = held_micro + 1, available_micro = available_micro - 1 where name = 'bob'`,
    [holds],
  ],
  ['a bid counted twice', `update agents set open_bids = open_bids + 1 where name = 'carl'`, [holds]],
  ['a service hold that was skipped', `delete from holds where status = 'held'`, [holds]],
  [
    'a hold paid to somebody else',
    `update holds set settled_to = ${agent('bob')} where status = 'settled'`,
    [resolved, serviceCalls],
  ],
  [
    'a released hold that was paid',
    `update holds set status = 'released', settled_to = null where status = 'settled'`,
    [resolved, serviceCalls],
  ],
  ['a lost bid without its rank', `update bids set rank = null where status = 'outbid'`, [states]],
  [
    'a won bid whose lease is lost',
    `delete from leases where status = 'ended' and agent_id = ${agent('bob')}`,
    [states],
  ],
  [
    'a payment that came back for a lease that is lost',
    `delete from leases where status = 'ended' and agent_id = ${agent('alice')}`,
    [states, refunds],
  ],
  [
    'an ended lease whose bid goes on',
    `update bids set status = 'winning' where status = 'completed'`,
    [states],
  ],
  [
    'a cancelled bid with a decision',
    `update bids set decided_cycle = 1, score = 1, rank = 9 where status = 'cancelled'`,
    [states],
  ],
  [
    'a payment taken twice',
    `with twice as (select * from transfers where purpose = 'bid_payment' limit 1)
     insert into transfers overriding system value select * from twice`,
    [transfers, states, outcomes],
  ],
  [
    'two bundles that did not fit together',
    `with one as (select bid_id from leases where status = 'ended' limit 1),
          bid as (update bids set quantities_ppm = '{600000,100000}' where bid_id in (select bid_id from one))
     update leases set quantities_ppm = '{600000,100000}' where bid_id in (select bid_id from one)`,
    [supply],
  ],
  [
    'capacity that was never returned',
    `update market_resources set leased_ppm = leased_ppm + 1 where name = 'cpu'`,
    [resources],
  ],
  [
    'a lease of another bundle',
    `update leases set quantities_ppm = '{1,1}' where status = 'ended'`,
    [bundles],
  ],
  ['a lease of somebody else', `update leases set beneficiary_id = ${agent('bob')}`, [bundles, calls]],
  [
    'a lease that a sleeping market forgot',
    `with l as (update leases set starts_at = starts_at - interval '2 hours', ends_at = ends_at - interval '2 hours'
                 where status = 'active'),
          c as (update cycles set effective_at = effective_at - interval '2 hours' where number = 2)
     update market_sequences set asleep = true, wake_at = null`,
    [late],
  ],
  ['a cycle that was skipped', `update cycles set number = 3 where number = 2`, [bundles, numbers, outcomes]],
  [
    'a cycle left open behind another',
    `update cycles set status = 'open' where number = 1`,
    [numbers, outcomes],
  ],
  [
    'a revenue that nobody paid',
    `update cycles set revenue_micro = revenue_micro + 1 where number = 1`,
    [outcomes],
  ],
  ['a winner too many', `update cycles set winners = winners + 1 where number = 2`, [outcomes]],
  ['an event that was lost', `delete from outbox where type = 'bid_cancelled'`, [seqs]],
  ['a batch that was lost', `delete from event_batches where first_seq = 1`, [seqs]],
  ['a seq given out twice', `update event_batches set first_seq = first_seq - 1 where first_seq > 5`, [seqs]],
  [
    'time running backwards',
    `update event_batches set at = at - interval '1 hour' where first_seq > 5`,
    [seqs],
  ],
  ['a counter ahead of its events', `update market_sequences set last_seq = last_seq + 1`, [seqs]],
  [
    'two events under one id',
    `update outbox set event_id = (select event_id from outbox where type = 'market_created')
      where type = 'bid_cancelled'`,
    [ids],
  ],
])('sees %s', async (_damage, sql, failing) => {
  const findings = await withCopyOf(servers.db, marketId, async client => {
    const { rowCount } = await client.query(sql)
    expect(rowCount).toBeGreaterThan(0)
    return await auditMarkets(client, [marketId])
  })
  expect(failed(findings)).toEqual(failing)
})

test('names the first things that are wrong, and counts the rest', async () => {
  const findings = await withCopyOf(servers.db, marketId, async client => {
    await client.query('update transactions set balance_after_micro = balance_after_micro + 1')
    return await auditMarkets(client, [marketId])
  })
  const { wrong, checked, examples } = findings.find(one => one.name === running)!
  expect(wrong).toBe(checked)
  expect(wrong).toBeGreaterThan(examples.length)
  expect(examples[0]).toMatch(/^transaction \d+ says \d+ micro-credits, the sum up to it is \d+$/)
})

test('a market that is at work is not late', async () => {
  const findings = await withCopyOf(servers.db, marketId, async client => {
    await client.query(`update leases set starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'
                         where status = 'active'`)
    await client.query(`update market_sequences set asleep = false, wake_at = now() + interval '5 seconds'`)
    return await auditMarkets(client, [marketId])
  })
  expect(failed(findings)).not.toContain(late)
})

function failed(findings: readonly AuditFinding[]): string[] {
  return findings.filter(one => one.wrong > 0).map(one => one.name)
}
