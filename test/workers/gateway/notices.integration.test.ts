import type { Subscription } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectAgent, type TestAgent } from './agent-connection.ts'

let economy: TestEconomy
let marketId: string
let ann: TestAgent
let bob: TestAgent

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('notices', {}, { ann: 100n, bob: 100n })
  ann = await connectAgent(marketId, 'ann')
  bob = await connectAgent(marketId, 'bob')
})

afterAll(async () => {
  await ann.connection.close()
  await bob.connection.close()
  await economy.close()
})

interface Heard {
  kind: string
  eventId: string
  data: Record<string, unknown>
}

function listen(subscription: Subscription): Heard[] {
  const heard: Heard[] = []
  void (async () => {
    for await (const message of subscription) heard.push(message.json<Heard>())
  })()
  return heard
}

test('agents hear what concerns them, and everybody what is public', async () => {
  const toAnn = listen(ann.connection.subscribe(`bourse.${marketId}.agent.ann.notify.>`))
  const toBob = listen(bob.connection.subscribe(`bourse.${marketId}.agent.bob.notify.>`))
  const toAll = listen(bob.connection.subscribe(`bourse.${marketId}.public.>`))
  await bob.connection.flush()
  await ann.connection.flush()

  const placed = await ann.client.request('market.bid', {
    amount: 10,
    bundle: { cpu: 0.1, durationSeconds: 1 },
    onBehalfOf: 'bob',
  })
  await bob.client.request('service.register', { service: 'adding', cost: 2 })
  const called = await ann.client.request('service.invoke', { provider: 'bob', service: 'adding' })
  const callId = called.ok ? called.callId : ''
  await eventually(async () => toBob.some(notice => notice.kind === 'service_requested'))
  await bob.client.request('service.reply', { callId })
  await ann.client.request('social.message', { to: 'bob', text: 'thank you' })
  const kindsOf = (heard: Heard[]) => [...new Set(heard.map(notice => notice.kind))]
  await eventually(
    async () => kindsOf(toBob).includes('lease_ended') && kindsOf(toBob).includes('message_received'),
  )

  expect(toAnn.find(notice => notice.kind === 'bid_won')?.data).toMatchObject({
    bidId: placed.ok && placed.bidId,
    amount: '10',
  })
  expect(kindsOf(toAnn)).toEqual(expect.arrayContaining(['bid_won', 'service_answered']))
  expect(kindsOf(toAnn)).not.toContain('lease_granted')
  expect(kindsOf(toBob)).toEqual(
    expect.arrayContaining(['lease_granted', 'service_requested', 'service_answered', 'credits_received']),
  )
  expect(JSON.stringify(toBob)).not.toContain('thank you')
  expect(kindsOf(toAll)).toEqual(
    expect.arrayContaining(['cycle_cleared', 'service_registered', 'service_answered']),
  )
  expect(toAll.find(notice => notice.kind === 'cycle_cleared')?.data).toMatchObject({ cycle: 1, winners: 1 })
})
