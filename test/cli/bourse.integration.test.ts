import { randomUUID } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { PATIENCE_MS } from '../patience.ts'
import { bourseJson, interruptBourse, runBourse, spawnBourse } from './run-bourse.ts'

const market = `cli-${randomUUID().slice(0, 8)}`
const FORGED_NAME = 'Ada\u001b[2J'
const BUNDLE = ['--cpu', '0.5', '--memory', '0.1', '--duration', '1']
const WAIT = { timeout: PATIENCE_MS, interval: 200 }

function bid(agent: string, ...more: string[]) {
  return bourseJson(['bid', market, agent, ...more])
}

it('makes a market with its own rules and adds agents, once', async () => {
  const rules = JSON.stringify({
    cycleSeconds: 1,
    rules: { bidsPerSecond: null, pricePeriodSeconds: 86_400 },
  })
  const create = ['market', 'create', market, '--file', '-', '--name', 'Pit', '--json']
  const { code, stdout } = await spawnBourse(create, { input: rules })
  const made = { code, document: JSON.parse(stdout) }
  expect(made).toMatchObject({
    code: 0,
    document: {
      ok: true,
      marketId: market,
      displayName: 'Pit',
      status: 'open',
      rules: { bidsPerSecond: null },
    },
  })
  expect(await bourseJson(['market', 'create', market])).toMatchObject({
    code: 1,
    document: { ok: false, error: { code: 'market_exists', field: 'marketId' } },
  })
  expect(await bourseJson(['market', 'pause', market])).toMatchObject({
    code: 0,
    document: { ok: true, status: 'paused' },
  })
  for (const [agent, name] of [
    ['ada', FORGED_NAME],
    ['bob', 'Bob'],
  ] as const) {
    const added = await bourseJson(['agent', 'add', market, agent, '--credits', '100.5', '--name', name])
    expect(added).toMatchObject({ code: 0, document: { ok: true, agent, balance: '100.5' } })
  }
  expect(await bourseJson(['agent', 'add', market, 'ada', '--credits', '1'])).toMatchObject({
    code: 1,
    document: { error: { code: 'agent_exists' } },
  })
  const table = await spawnBourse(['agent', 'list', market])
  expect(table.stdout).toContain('Ada\\u001b[2J')
  expect(table.stdout).not.toContain('\u001b')
})

it('places bids by update and by signal, and prints each verdict', async () => {
  expect(await bid('ada', '--amount', '25', ...BUNDLE, '--key', 'first')).toMatchObject({
    code: 0,
    document: { ok: true, status: 'pending', held: '25', bidId: expect.any(String) },
  })
  expect(await bid('ada', '--amount', '26', ...BUNDLE, '--key', 'first')).toMatchObject({
    code: 1,
    document: { error: { code: 'idempotency_conflict' } },
  })
  const signalled = await bid('bob', '--amount', '10', ...BUNDLE, '--via', 'signal', '--expires-in', '3600')
  expect(signalled).toMatchObject({ code: 0, document: { ok: true, held: '10' } })
  expect(await bid('bob', '--amount', '5000', ...BUNDLE, '--via', 'signal')).toMatchObject({
    code: 1,
    document: { error: { code: 'insufficient_balance', required: '5000', available: '90.5' } },
  })
  const { document } = await bourseJson(['bids', market, '--open'])
  expect(document.items.map((one: { payer: string; via: string }) => [one.payer, one.via])).toEqual([
    ['bob', 'signal'],
    ['ada', 'update'],
  ])
})

it('refuses what is unknown or wrong with a code, and changes nothing', async () => {
  const before = await bourseJson(['agent', 'show', market, 'ada'])
  for (const [args, code] of [
    [['bid', market, 'nobody', '--amount', '5', ...BUNDLE], 'unknown_agent'],
    [['bid', market, 'nobody', '--amount', '5', ...BUNDLE, '--via', 'signal'], 'unknown_agent'],
    [['bid', market, 'NO/BODY', '--amount', '5', ...BUNDLE], 'unknown_agent'],
    [['bid', 'no-such-market', 'ada', '--amount', '5', ...BUNDLE], 'unknown_market'],
    [['bid', market, 'ada', '--amount', '-5', ...BUNDLE], 'invalid_bid'],
    [['bid', market, 'ada', '--amount', '1e3', ...BUNDLE, '--via', 'signal'], 'invalid_bid'],
    [['bid', market, 'ada', '--amount', '5', '--cpu', '1.1', '--duration', '1'], 'invalid_bundle'],
    [['bid', market, 'ada', '--amount', '5', '--resource', 'gpu=1', '--duration', '1'], 'invalid_bundle'],
    [['cancel', market, 'ada', 'x'], 'unknown_bid'],
    [['cancel', market, 'bob', randomUUID()], 'unknown_bid'],
    [['market', 'step', 'no-such-market'], 'unknown_market'],
    [['market', 'set', market, 'nonsense=1'], 'invalid_rules'],
    [['history', market, 'nobody'], 'unknown_agent'],
    [['events', 'no-such-market'], 'unknown_market'],
    [['transfer', market, 'ada', 'bob', '0'], 'invalid_amount'],
    [['grant', market, 'nobody', '1'], 'unknown_agent'],
  ] as const) {
    const answer = await bourseJson(args)
    expect({ args, code: answer.document.error?.code, exit: answer.code }).toEqual({ args, code, exit: 1 })
    expect(answer.document.error.message).not.toBe('')
  }
  expect(await bourseJson(['agent', 'show', market, 'ada'])).toEqual(before)
})

it('runs a cycle, and shows what became of everybody', async () => {
  const stepped = await bourseJson(['market', 'step', market])
  expect(stepped).toMatchObject({
    code: 0,
    document: { ok: true, cycle: 1, winners: 2, losers: 0, revenue: '35' },
  })
  expect(stepped.document.utilisation).toMatchObject({ cpu: 1, memory: 0.2 })
  const cycles = await bourseJson(['cycles', market])
  expect(cycles.document.items).toMatchObject([{ cycle: 1, winners: 2 }])
  const leases = await bourseJson(['leases', market, '--all'])
  expect(leases.document.items.map((one: { beneficiary: string }) => one.beneficiary).sort()).toEqual([
    'ada',
    'bob',
  ])
  const prices = await bourseJson(['prices', market])
  expect(prices.document).toMatchObject({ ok: true, priceSource: expect.stringMatching(/^(floor|live)$/) })
  const history = await bourseJson(['history', market, 'ada'])
  expect(
    history.document.items.map((one: { kind: string; amount: string }) => [one.kind, one.amount]),
  ).toEqual([
    ['transaction', '-25'],
    ['bid', '25'],
    ['transaction', '100.5'],
  ])
  for (const command of ['bids', 'cycles', 'leases', 'prices']) {
    expect((await runBourse([command, market])).code).toBe(0)
  }
})

it('pages through a history without losing or repeating anything', async () => {
  const readWhole = async () => (await bourseJson(['history', market, 'ada'])).document.items
  const readPaged = async () => {
    const paged: unknown[] = []
    let cursor: string | null = null
    do {
      const before: string[] = cursor === null ? [] : ['--before', cursor]
      const { document } = await bourseJson(['history', market, 'ada', '--limit', '1', ...before])
      paged.push(...document.items)
      cursor = document.next
    } while (cursor !== null)
    return paged
  }
  // A lease that ends meanwhile changes what is read.
  const { whole, paged } = await vi.waitUntil(async () => {
    const read = { whole: await readWhole(), paged: await readPaged() }
    return JSON.stringify(await readWhole()) === JSON.stringify(read.whole) && read
  }, WAIT)
  expect(paged).toEqual(whole)
  expect(whole.length).toBeGreaterThan(1)
})

it('moves credits between agents and mints them, each once a key', async () => {
  const transfer = ['transfer', market, 'ada', 'bob', '0.5', '--key', 'gift']
  expect(await bourseJson(transfer)).toMatchObject({ code: 0, document: { ok: true, balance: '75' } })
  expect(await bourseJson(transfer)).toMatchObject({ code: 0, document: { ok: true, balance: '75' } })
  expect(await bourseJson(['grant', market, 'bob', '9', '--key', 'bonus'])).toMatchObject({
    code: 0,
    document: { ok: true, balance: '100' },
  })
  expect(await bourseJson(['transfer', market, 'ada', 'bob', '1', '--key', 'gift'])).toMatchObject({
    code: 1,
    document: { error: { code: 'idempotency_conflict' } },
  })
})

it('admits a file of bids line by line, good ones beside bad ones, and cancels one', async () => {
  const good = {
    agent: 'ada',
    amount: '2',
    bundle: { cpu: 0.01, durationSeconds: 5 },
    goodTillCancelled: true,
  }
  const input = [
    JSON.stringify(good),
    'nonsense',
    '',
    JSON.stringify({ ...good, amount: '99999' }),
    JSON.stringify({ ...good, agent: 'nobody' }),
    JSON.stringify({ ...good, agent: 'bob', onBehalfOf: 'ada' }),
  ].join('\n')
  const { code, stdout, stderr } = await spawnBourse(['bid', market, '--file', '-', '--json'], { input })
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(code).toBe(1)
  expect(lines.map(one => [one.line, one.ok, one.error?.code ?? null])).toEqual([
    [1, true, null],
    [2, false, 'invalid_bid'],
    [4, false, 'insufficient_balance'],
    [5, false, 'unknown_agent'],
    [6, true, null],
  ])
  expect(stderr).toContain('2 admitted, 3 refused')
  const cancel = ['cancel', market, 'ada', lines[0].bidId]
  expect(await bourseJson(cancel)).toMatchObject({
    code: 0,
    document: { status: 'cancelled', released: '2' },
  })
  expect(await bourseJson(['cancel', market, 'bob', lines[0].bidId])).toMatchObject({
    code: 1,
    document: { error: { code: 'unknown_bid' } },
  })
  const unread = await runBourse(['bid', market, '--file', '/no/such/file', '--json'])
  expect(unread).toMatchObject({ code: 2 })
  const unknown = await bourseJson(['bid', 'no-such-market', '--file', '-'])
  expect(unknown).toMatchObject({ code: 1, document: { error: { code: 'unknown_market' } } })
})

it('bids no line of a file twice when its run is repeated', async () => {
  const line = {
    agent: 'bob',
    amount: '1',
    bundle: { cpu: 0.01, durationSeconds: 5 },
    goodTillCancelled: true,
  }
  const input = [
    JSON.stringify(line),
    JSON.stringify({ ...line, amount: '99999' }),
    JSON.stringify(line),
  ].join('\n')
  const bidAll = async () => {
    const run = ['bid', market, '--file', '-', '--run', 'broken-off', '--json']
    const { stdout } = await spawnBourse(run, { input })
    return stdout
      .trimEnd()
      .split('\n')
      .map(one => JSON.parse(one))
  }
  const first = await bidAll()
  expect(first.map(({ ok }) => ok)).toEqual([true, false, true])
  expect(first[0].bidId).not.toBe(first[2].bidId)
  expect(await bidAll()).toEqual(first)
  for (const { ok, bidId } of first) if (ok) await bourseJson(['cancel', market, 'bob', bidId])
  expect(await bourseJson(['bid', market, '--file', '-', '--run', 'a b'])).toMatchObject({ code: 2 })
  expect(await bourseJson(['bid', market, 'bob', '--amount', '1', '--run', 'x'])).toMatchObject({ code: 2 })
})

it('changes rules, starts and resumes the market, and says how everything stands', async () => {
  expect(await bourseJson(['market', 'set', market, 'cycleSeconds=2'])).toMatchObject({
    code: 0,
    document: { ok: true, rules: { cycleSeconds: 2 } },
  })
  expect(await bourseJson(['market', 'start', market])).toMatchObject({
    code: 0,
    document: { status: 'paused' },
  })
  expect(await bourseJson(['market', 'resume', market])).toMatchObject({
    code: 0,
    document: { status: 'open' },
  })
  const { code, document } = await bourseJson(['status'])
  expect(code).toBe(0)
  expect(document).toMatchObject({ ok: true, temporal: process.env.BOURSE_TEMPORAL_ADDRESS })
  expect(document.health).toMatchObject({
    postgres: { ok: true },
    temporal: { ok: true },
    nats: { ok: true },
  })
  expect(document.markets.find((one: { marketId: string }) => one.marketId === market)).toMatchObject({
    status: 'open',
    orphan: false,
  })
  expect(document.versions).toMatchObject({
    postgres: expect.stringMatching(/^18/),
    temporal: expect.stringMatching(/^1\./),
    nats: expect.stringMatching(/^2\.1/),
    schema: { missing: [], unknown: [] },
  })
  expect(document.workers.length).toBeGreaterThanOrEqual(1)
  expect(document.growth).toMatchObject({
    databaseBytes: expect.any(Number),
    streamBytes: expect.any(Number),
    temporalRetentionSeconds: expect.any(Number),
  })
  expect(document.growth.tables.length).toBeGreaterThan(3)
  expect(document.problems.filter((one: { code: string }) => one.code === 'no_worker')).toEqual([])
  expect((await runBourse(['status'])).stdout).toContain(market)
})

it('tells the events in their order, from any of them, of one type', async () => {
  await expect
    .poll(async () => (await bourseJson(['market', 'show', market])).document.publishedSeq, WAIT)
    .toBeGreaterThan(10)
  const { code, stdout } = await runBourse(['events', market, '--json'])
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(code).toBe(0)
  expect(events.map(event => event.seq)).toEqual(events.map((_, place) => place + 1))
  expect(events[0].type).toBe('market_created')
  const placed = await runBourse(['events', market, '--from', '3', '--type', 'bid_placed', '--json'])
  const seqs = placed.stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).seq)
  expect(Math.min(...seqs)).toBeGreaterThanOrEqual(3)
  expect(seqs.length).toBeGreaterThanOrEqual(4)
})

it('follows the events until it is interrupted', async () => {
  const { code, stdout } = await interruptBourse(['events', market, '--follow', '--json'], 'market_resumed')
  expect(code).toBe(0)
  expect(stdout).toContain('"seq":1,')
})

it('closes the market for good, and its books are in order', async () => {
  expect(await bourseJson(['market', 'close', market])).toMatchObject({ code: 0, document: { ok: true } })
  await expect
    .poll(async () => (await bourseJson(['market', 'show', market])).document.status, WAIT)
    .toBe('closed')
  expect(await bid('ada', '--amount', '5', ...BUNDLE)).toMatchObject({
    code: 1,
    document: { error: { code: 'market_closed' } },
  })
  expect(await bourseJson(['market', 'resume', market])).toMatchObject({
    code: 1,
    document: { error: { code: 'market_closed' } },
  })
  await expect
    .poll(async () => {
      const { publishedSeq, lastSeq } = (await bourseJson(['market', 'show', market])).document
      return publishedSeq === lastSeq
    }, WAIT)
    .toBe(true)
  const verified = await bourseJson(['verify', market])
  expect(verified.document.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([])
  expect(verified.code).toBe(0)
})
