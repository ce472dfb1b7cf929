import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnBourse } from '../../cli/run-bourse.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

const BUNDLE = { cpu: 0.1, durationSeconds: 20 }
let economy: TestEconomy
let marketId: string
let ann: TestAgent
let bob: TestAgent

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('operations', {}, { ann: 500n, bob: 100n })
  ann = await connectAgent(marketId, 'ann')
  bob = await connectAgent(marketId, 'bob')
})

afterAll(async () => {
  await ann.connection.close()
  await bob.connection.close()
  await economy.close()
})

describe('over NATS', () => {
  test('credits are looked at, paid, and listed', async () => {
    expect(await bob.client.request('economic.get_balance', {})).toEqual({
      ok: true,
      balance: '100',
      available: '100',
      held: '0',
      status: 'alive',
      openBids: 0,
    })
    const paid = await bob.client.request('economic.transfer', { to: 'ann', amount: '2.5', key: 'rent' })
    expect(paid).toMatchObject({ ok: true, balance: '97.5' })
    expect(await bob.client.request('economic.transfer', { to: 'ann', amount: 2.5, key: 'rent' })).toEqual(
      paid,
    )
    expect(
      await bob.client.request('economic.transfer', { to: 'ann', amount: 3, key: 'rent' }),
    ).toMatchObject({
      error: { code: 'idempotency_conflict' },
    })
    expect(await bob.client.request('economic.transfer', { to: 'nobody', amount: 1 })).toMatchObject({
      error: { code: 'unknown_agent', field: 'to' },
    })
    expect(await bob.client.request('economic.transfer', { to: 'ann', amount: 1000 })).toMatchObject({
      error: { code: 'insufficient_balance' },
    })
    const first = await bob.client.request('economic.history', { limit: 1 })
    expect(first).toMatchObject({
      ok: true,
      items: [{ kind: 'transaction', amount: '-2.5', balanceAfter: '97.5' }],
    })
    const next = first.ok ? first.next! : ''
    expect(await bob.client.request('economic.history', { before: next })).toMatchObject({
      items: [{ amount: '100', balanceAfter: '100' }],
      next: null,
    })
    expect(await bob.client.request('economic.history', { before: 'somewhere' })).toMatchObject({
      error: { code: 'invalid_request', field: 'before' },
    })
  })

  test('a market is looked at and a bundle priced', async () => {
    const state = await ann.client.request('market.state', {})
    expect(state).toMatchObject({ ok: true, marketId, status: 'open', rules: { minimumBid: '1' } })
    expect(state.ok && state.resources.map(resource => resource.name)).toEqual([
      'cpu',
      'memory',
      'tokens',
      'attention',
    ])
    expect(await ann.client.request('market.quote', { bundle: BUNDLE })).toMatchObject({
      ok: true,
      reserve: '1',
      fitsNow: true,
      cycleSeconds: 1,
    })
    expect(
      await ann.client.request('market.quote', { bundle: { gold: 1, durationSeconds: 1 } }),
    ).toMatchObject({
      error: { code: 'invalid_bundle', field: 'bundle.gold' },
    })
  })

  test('a bid is placed once under its key, wins, and its lease is listed', async () => {
    const bid = { amount: '10', bundle: BUNDLE, key: 'first' }
    const placed = await ann.client.request('market.bid', bid)
    expect(placed).toMatchObject({ ok: true, status: 'pending', held: '10' })
    expect(await ann.client.request('market.bid', bid)).toEqual(placed)
    const bidId = placed.ok ? placed.bidId : ''
    const won = await eventually(async () => {
      const shown = await ann.client.request('bid.get', { bidId })
      return shown.ok && shown.status !== 'pending' && shown
    })
    expect(won).toMatchObject({ payer: 'ann', beneficiary: 'ann', via: 'nats', actor: 'ann', cycle: 1 })
    expect(await ann.client.request('lease.list', { ended: true })).toMatchObject({
      items: [{ leaseId: won.leaseId, bidId, payer: 'ann', cycle: 1 }],
      next: null,
    })
    const leaseId = won.leaseId!
    expect(await ann.client.request('lease.token', { leaseId })).toMatchObject({
      leaseId,
      token: expect.stringMatching(/^bourse_lease_[0-9a-f]{64}$/),
    })
    expect(await bob.client.request('lease.token', { leaseId })).toMatchObject({
      error: { code: 'unknown_lease' },
    })
    expect(await bob.client.request('bid.get', { bidId })).toMatchObject({ error: { code: 'unknown_bid' } })
    expect(await bob.client.request('lease.list', {})).toMatchObject({ items: [] })
    expect(await ann.client.request('market.cancel_bid', { bidId })).toMatchObject({
      error: { code: 'bid_not_open' },
    })
  })

  test('a bid that stays in the book is cancelled by its payer alone', async () => {
    await economy.economy.pauseMarket(marketId, 'test')
    const placed = await ann.client.request('market.bid', {
      amount: 5,
      bundle: BUNDLE,
      goodTillCancelled: true,
    })
    const bidId = placed.ok ? placed.bidId : ''
    expect(await bob.client.request('market.cancel_bid', { bidId })).toMatchObject({
      error: { code: 'unknown_bid' },
    })
    const cancelled = await ann.client.request('market.cancel_bid', { bidId })
    expect(cancelled).toEqual({ ok: true, bidId, status: 'cancelled', released: '5' })
    expect(await ann.client.request('market.cancel_bid', { bidId })).toEqual(cancelled)
    await economy.economy.resumeMarket(marketId, 'test')
  })

  test.each([
    ['no amount', { bundle: BUNDLE }, 'invalid_bid', 'amount'],
    ['a field nobody knows', { amount: 1, bundle: BUNDLE, colour: 'red' }, 'invalid_bid', undefined],
    ['an amount too large', { amount: 1e13, bundle: BUNDLE }, 'invalid_bid', 'amount'],
    ['too little', { amount: '0.5', bundle: BUNDLE }, 'below_reserve', 'amount'],
    ['more than there is', { amount: 5_000, bundle: BUNDLE }, 'insufficient_balance', 'amount'],
    ['nothing asked for', { amount: 5, bundle: { durationSeconds: 5 } }, 'invalid_bundle', 'bundle.bundle'],
    ['somebody unknown', { amount: 5, bundle: BUNDLE, onBehalfOf: 'nobody' }, 'unknown_agent', 'onBehalfOf'],
  ])('a bid with %s is refused in words', async (_name, bid, code, field) => {
    const verdict = await ann.client.request('market.bid', bid as never)
    expect(verdict).toMatchObject({ ok: false, error: { code, ...(field === undefined ? {} : { field }) } })
  })

  test('the command line bids as an agent does', async () => {
    const args = [
      'bid',
      marketId,
      'bob',
      '--amount',
      '2',
      '--cpu',
      '0.1',
      '--duration',
      '1',
      '--via',
      'nats',
      '--json',
    ]
    const { stdout, code } = await spawnBourse(args)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, status: 'pending', held: '2' })
    expect(code).toBe(0)
    const refused = await spawnBourse(args.map(word => (word === '2' ? '2000' : word)))
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'insufficient_balance' } })
    expect(refused.code).toBe(1)
  })

  test('bids of many agents at once get each their own verdict', async () => {
    const many = 20
    const crowd = await economy.createMarket(
      'crowd',
      {},
      Object.fromEntries(Array.from({ length: many }, (_, index) => [`a${index}`, 10n])),
    )
    const agents = await Promise.all(
      Array.from({ length: many }, (_, index) => connectAgent(crowd, `a${index}`)),
    )
    const verdicts = await Promise.all(
      agents.flatMap(({ client }, index) => [
        client.request('market.bid', { amount: 1 + index / 10, bundle: BUNDLE }),
        client.request('market.bid', { amount: 100, bundle: BUNDLE }),
      ]),
    )
    expect(verdicts.map(verdict => (verdict.ok ? verdict.held : verdict.error.code))).toEqual(
      agents.flatMap((_, index) => [String(1 + index / 10), 'insufficient_balance']),
    )
    for (const { connection } of agents) await connection.close()
  })

  test('an agent or a market that is not there is told so', async () => {
    const nobody = await connectAgent(marketId, 'nobody')
    expect(await nobody.client.request('economic.get_balance', {})).toMatchObject({
      error: { code: 'unknown_agent' },
    })
    expect(await nobody.client.request('market.bid', { amount: 1, bundle: BUNDLE })).toMatchObject({
      error: { code: 'unknown_agent' },
    })
    await nobody.connection.close()
    const nowhere = await connectAgent('nowhere', 'ann')
    expect(await nowhere.client.request('market.state', {})).toMatchObject({
      error: { code: 'unknown_market' },
    })
    await nowhere.connection.close()
  })

  test('a request whose answer is wanted elsewhere is not done, and its agent is told why', async () => {
    const notices = ann.connection.subscribe(`bourse.${marketId}.agent.ann.notify.request_refused`, {
      max: 1,
    })
    const before = await bob.client.request('economic.get_balance', {})
    ann.connection.publish(
      `bourse.${marketId}.agent.ann.rpc.economic.transfer`,
      JSON.stringify({ to: 'bob', amount: 1 }),
      { reply: `_INBOX.${marketId}.bob.x` },
    )
    for await (const notice of notices) {
      expect(notice.json()).toMatchObject({ data: { code: 'invalid_reply_subject' } })
      expect(notice.string()).toContain(`_INBOX.${marketId}.ann`)
    }
    expect(await bob.client.request('economic.get_balance', {})).toEqual(before)
  })
})
