import { describe, expect, test } from 'vitest'
import { refuse } from '../../../shared/economy/refusal.ts'
import { createGateway, GATEWAY_LIMITS, type GatewayLimits } from '../../../shared/gateway/gateway.ts'
import type { Caller } from '../../../shared/rpc/operation.ts'
import type { Handlers } from '../../../shared/rpc/operations.ts'
import { rpcSubject } from '../../../shared/rpc/subjects.ts'

const OWN_INBOX = '_INBOX.m.ann.1'

/** A gateway whose operations are what a test says. */
function begin(
  handlers: Partial<Handlers> = {},
  limits: Partial<GatewayLimits> = {},
  accountable?: (marketId: string, agent: string) => string,
  publish = (_text: string) => {},
) {
  const answers: { reply: string; outcome: { ok: boolean; error?: { code: string; field?: string } } }[] = []
  const misdirected: string[] = []
  const failures: unknown[] = []
  const gateway = createGateway({
    handlers: handlers as Handlers,
    ...(accountable === undefined ? {} : { accountable }),
    answer(reply, text) {
      publish(text)
      answers.push({ reply, outcome: JSON.parse(text) })
    },
    misdirected: (_marketId, _agent, reply) => misdirected.push(reply),
    failed: (_operation, _caller, error) => failures.push(error),
    nowMs: () => performance.now(),
    limits: { ...GATEWAY_LIMITS, ...limits },
  })
  const ask = (
    operation: string,
    request: object | string = {},
    from: { agent?: string; reply?: string } = {},
  ) => {
    const { agent = 'ann', reply = `_INBOX.m.${agent}.1` } = from
    gateway.receive({
      subject: rpcSubject('m', agent, operation),
      reply,
      bytes: new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request)),
      traceparent: null,
    })
  }
  return { gateway, ask, answers, misdirected, failures }
}

const balance = { balance: '5', available: '5', held: '0', status: 'alive', openBids: 0 } as const

describe('a gateway', () => {
  test('answers who asked, knowing it from the subject', async () => {
    const callers: Caller[] = []
    const { gateway, ask, answers } = begin({
      'economic.get_balance': async caller => {
        callers.push(caller)
        return { ok: true, ...balance }
      },
    })
    ask('economic.get_balance')
    await gateway.drained()
    expect(answers).toEqual([{ reply: OWN_INBOX, outcome: { ok: true, ...balance } }])
    expect(callers).toEqual([{ marketId: 'm', agent: 'ann', traceparent: null }])
  })

  test('refuses what it cannot read before any operation sees it', async () => {
    const { gateway, ask, answers } = begin()
    const asked: [operation: string, request: object | string][] = [
      ['economic.get_balance', 'no json'],
      ['economic.get_balance', { colour: 'red' }],
      ['economic.transfer', { to: 'bob', amount: '-1' }],
      ['economic.borrow', {}],
    ]
    for (const [operation, request] of asked) {
      ask(operation, request)
      await gateway.drained()
    }
    expect(answers.map(({ outcome }) => [outcome.error?.code, outcome.error?.field])).toEqual([
      ['invalid_json', undefined],
      ['invalid_request', 'colour'],
      ['invalid_request', 'amount'],
      ['unknown_operation', undefined],
    ])
  })

  test('neither does nor answers what wants its answer elsewhere', async () => {
    const { gateway, ask, answers, misdirected } = begin({
      'economic.get_balance': () => {
        throw new Error('was asked')
      },
    })
    const elsewhere = [
      '',
      '_INBOX.x',
      '_INBOX.m.bob.1',
      '$JS.API.STREAM.PURGE.bourse-m',
      'bourse.m.agent.bob.notify.x',
    ]
    for (const reply of elsewhere) ask('economic.get_balance', {}, { reply })
    await gateway.drained()
    expect(answers).toEqual([])
    expect(misdirected).toEqual(elsewhere)
  })

  test('an operation that fails is told to the caller without its reason', async () => {
    const { gateway, ask, answers, failures } = begin({
      'economic.get_balance': async () => {
        throw new Error('password is hunter2')
      },
    })
    ask('economic.get_balance')
    await gateway.drained()
    expect(answers[0]!.outcome.error?.code).toBe('internal_error')
    expect(JSON.stringify(answers)).not.toContain('hunter2')
    expect(failures).toHaveLength(1)
  })

  test('an answer that no message holds is a refusal', async () => {
    const sizes = [999_900, 400_000, 1_000_001, 340_000, 300_000]
    const letters = ['x', '漢', 'x', '漢', '😀']
    const { gateway, ask, answers } = begin({
      'economic.get_balance': async () => {
        const place = answers.length
        return { ok: true, ...balance, balance: letters[place]!.repeat(sizes[place]!) }
      },
    })
    for (const _ of sizes) {
      ask('economic.get_balance')
      await gateway.drained()
    }
    const too = 'reply_too_large'
    expect(answers.map(({ outcome }) => outcome.error?.code)).toEqual([undefined, too, too, too, too])
  })

  test('an answer that cannot be published is told, and takes nobody’s place', async () => {
    const { gateway, ask, answers, failures } = begin(
      { 'economic.get_balance': async () => ({ ok: true, ...balance }) },
      { load: { openMax: 1, requestsPerSecond: 1_000, requestBurst: 1_000 } },
      undefined,
      () => {
        if (failures.length < 3) throw new Error('closed')
      },
    )
    for (let n = 0; n < 4; n++) {
      ask('economic.get_balance')
      await gateway.drained()
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(failures).toHaveLength(3)
    expect(answers.map(({ outcome }) => outcome.ok)).toEqual([true])
  })

  test('answers within its deadline, be it without a result', async () => {
    const { gateway, ask, answers } = begin(
      { 'economic.get_balance': () => new Promise(() => {}) },
      { deadlineMs: 20 },
    )
    ask('economic.get_balance')
    await gateway.drained()
    expect(answers[0]!.outcome.error?.code).toBe('deadline_exceeded')
  })

  test('what is still at work after its deadline takes its place until it is done', async () => {
    const waits = Promise.withResolvers<void>()
    const { gateway, ask, answers } = begin(
      {
        'market.bid': async () => {
          await waits.promise
          return refuse('rate_limited', 'too often')
        },
      },
      { deadlineMs: 20, load: { ...GATEWAY_LIMITS.load, openMax: 1 } },
    )
    const codes = () => answers.map(({ outcome }) => outcome.error?.code)
    ask('market.bid')
    await gateway.drained()
    ask('market.bid')
    expect(codes()).toEqual(['deadline_exceeded', 'too_many_requests'])
    waits.resolve()
    await new Promise(resolve => setImmediate(resolve))
    ask('market.bid')
    await gateway.drained()
    expect(codes()).toEqual(['deadline_exceeded', 'too_many_requests', 'rate_limited'])
  })

  test('one agent that floods waits for itself; the others are answered in turn', async () => {
    const order: string[] = []
    const { gateway, ask } = begin(
      {
        'economic.get_balance': async ({ agent }) => {
          order.push(agent)
          await new Promise(resolve => setImmediate(resolve))
          return refuse('unknown_agent', 'nobody')
        },
      },
      { runningMax: 1 },
    )
    for (let index = 0; index < 100; index++) ask('economic.get_balance')
    for (const agent of ['bob', 'cleo']) ask('economic.get_balance', {}, { agent })
    await gateway.drained()
    expect(order.slice(0, 4)).toEqual(['ann', 'ann', 'bob', 'cleo'])
    expect(order).toHaveLength(102)
  })

  test('counts the agents of one owner together', async () => {
    const { gateway, ask, answers } = begin(
      { 'economic.get_balance': async () => ({ ok: true, ...balance }) },
      { load: { ...GATEWAY_LIMITS.load, openMax: 2 } },
      (_marketId, agent) => (agent === 'dan' ? 'm/dan' : 'm//acme'),
    )
    for (const agent of ['ann', 'bob', 'cleo', 'dan']) ask('economic.get_balance', {}, { agent })
    await gateway.drained()
    const refused = answers.filter(({ outcome }) => !outcome.ok)
    expect(refused.map(({ reply, outcome }) => [reply, outcome.error?.code])).toEqual([
      ['_INBOX.m.cleo.1', 'too_many_requests'],
    ])
  })

  test('sheds what one agent asks beyond its measure, and what all ask beyond the gateway’s', async () => {
    const waits = Promise.withResolvers<void>()
    const { gateway, ask, answers } = begin(
      {
        'economic.get_balance': async () => {
          await waits.promise
          return { ok: true, ...balance }
        },
      },
      { openMax: 5, load: { ...GATEWAY_LIMITS.load, openMax: 3 } },
    )
    for (let index = 0; index < 4; index++) ask('economic.get_balance')
    for (const agent of ['bob', 'cleo', 'dan']) ask('economic.get_balance', {}, { agent })
    expect(answers.map(({ reply, outcome }) => [reply, outcome.error?.code])).toEqual([
      ['_INBOX.m.ann.1', 'too_many_requests'],
      ['_INBOX.m.dan.1', 'overloaded'],
    ])
    waits.resolve()
    await gateway.drained()
    expect(answers).toHaveLength(7)
  })
})
