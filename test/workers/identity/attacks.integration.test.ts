import { afterAll, beforeAll, expect, test } from 'vitest'
import { inboxPrefix, rpcSubject } from '../../../shared/rpc/subjects.ts'
import { readBooks } from '../../shared/economy/postgres-under-test.ts'
import { openTestEconomy, type TestEconomy } from '../../workflows/economy-client.ts'
import { connectRaw, type RawConnection, tokenOf } from './agent-door.ts'

let economy: TestEconomy
let marketId: string
let ann: RawConnection

beforeAll(async () => {
  economy = await openTestEconomy()
  marketId = await economy.createMarket('attacks', {}, { ann: 500n, bob: 100n })
  ann = await connectRaw(await tokenOf(economy.db, marketId, 'ann'))
})

afterAll(async () => {
  ann.close()
  await economy.close()
})

/** What the server says to this, up to its next answer to a ping. */
async function saidTo(text: string): Promise<string> {
  const before = ann.said.length
  ann.send(`${text}PING\r\n`)
  while (!ann.said.slice(before).includes('PONG')) await new Promise(resolve => setTimeout(resolve, 5))
  return ann.said.slice(before)
}

const publish = (subject: string, payload = '{}') => `PUB ${subject} ${payload.length}\r\n${payload}\r\n`

test('an agent hears nothing but its own and what is public', async () => {
  const forbidden = [
    '>',
    '_INBOX.>',
    '_INBOX.*.*.>',
    `${inboxPrefix(marketId, 'bob')}.>`,
    `bourse.${marketId}.agent.bob.notify.>`,
    `bourse.${marketId}.agent.*.notify.>`,
    `bourse.${marketId}.agent.ann.rpc.>`,
    `bourse.${marketId}.events.>`,
    `bourse.${marketId}.dead-letters`,
    'bourse.*.public.>',
    'bourse.other.public.>',
    '$JS.API.>',
    '$JS.EVENT.ADVISORY.>',
    '$KV.>',
    '$SYS.>',
    '$SRV.>',
  ]
  for (const [place, subject] of forbidden.entries()) {
    expect(await saidTo(`SUB ${subject} ${place + 1}\r\n`), subject).toContain('Permissions Violation')
    expect(await saidTo(`SUB ${subject} queue ${place + 100}\r\n`), subject).toContain(
      'Permissions Violation',
    )
  }
})

test('an agent publishes nothing but its own requests', async () => {
  const before = await readBooks(economy.db, marketId)
  const forbidden = [
    rpcSubject(marketId, 'bob', 'economic.transfer'),
    rpcSubject('other', 'ann', 'economic.get_balance'),
    `bourse.${marketId}.agent.ann.notify.bid`,
    `bourse.${marketId}.public.prices`,
    `bourse.${marketId}.events.system.credits_minted.ann`,
    `bourse.${marketId}.dead-letters`,
    `${inboxPrefix(marketId, 'bob')}.x`,
    `${inboxPrefix(marketId, 'ann')}.x`,
    `$JS.API.STREAM.PURGE.bourse-${marketId}`,
    '$JS.API.STREAM.LIST',
    '$KV.a.b',
    '$SYS.REQ.SERVER.PING.CONNZ',
    '$SYS.REQ.USER.AUTH',
    '$SRV.PING',
  ]
  for (const subject of forbidden) {
    expect(await saidTo(publish(subject)), subject).toContain('Permissions Violation')
  }
  expect(await readBooks(economy.db, marketId)).toEqual(before)
})

test('a request whose answer is wanted elsewhere is answered nowhere and changes nothing', async () => {
  const before = await readBooks(economy.db, marketId)
  const heard: string[] = []
  const watched = ['$JS.API.>', `bourse.${marketId}.agent.bob.notify.>`, `${inboxPrefix(marketId, 'bob')}.>`]
  const subscriptions = watched.map(subject =>
    economy.bus.connection.subscribe(subject, { callback: (_error, message) => heard.push(message.subject) }),
  )
  await economy.bus.connection.flush()
  const transfer = JSON.stringify({ to: 'bob', amount: '1' })
  const forged = [
    `$JS.API.STREAM.PURGE.bourse-${marketId}`,
    `bourse.${marketId}.agent.bob.notify.bid`,
    `${inboxPrefix(marketId, 'bob')}.x`,
    `${inboxPrefix(marketId, 'ann')}`,
  ]
  for (const reply of forged) {
    await saidTo(
      `PUB ${rpcSubject(marketId, 'ann', 'economic.transfer')} ${reply} ${transfer.length}\r\n${transfer}\r\n`,
    )
  }
  const own = `${inboxPrefix(marketId, 'ann')}.1`
  ann.send(
    `SUB ${own} 900\r\n${`PUB ${rpcSubject(marketId, 'ann', 'economic.get_balance')} ${own} 2\r\n{}\r\n`}`,
  )
  expect(await ann.heard(/MSG \S+ 900 [\s\S]*"balance":"500"/)).toBeDefined()
  expect(heard.filter(subject => !subject.startsWith('$JS.API.') || subject.includes('PURGE'))).toEqual([])
  for (const subscription of subscriptions) subscription.unsubscribe()
  const after = await readBooks(economy.db, marketId)
  expect(after.agents).toEqual(before.agents)
})

test('what is no request is refused in words, and the next one is answered', async () => {
  const payloads = [
    '[',
    'NaN',
    '{"amount":1e999,"to":"bob"}',
    '{"amount":99999999999999999999999999,"to":"bob"}',
    '{"to":"ann","to":"bob","amount":"1"}',
    '{"__proto__":{"admin":true},"to":"bob","amount":"1"}',
    `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    JSON.stringify({ to: 'b'.repeat(500_000), amount: '1' }),
    '\xff\xfe',
  ]
  const before = await readBooks(economy.db, marketId)
  for (const [place, payload] of payloads.entries()) {
    const own = `${inboxPrefix(marketId, 'ann')}.p${place}`
    const bytes = Buffer.from(payload, 'latin1')
    ann.send(
      `SUB ${own} ${1_000 + place}\r\nPUB ${rpcSubject(marketId, 'ann', 'economic.transfer')} ${own} ${bytes.length}\r\n`,
    )
    ann.send(Buffer.concat([bytes, Buffer.from('\r\n')]))
    expect(
      await ann.heard(new RegExp(`MSG \\S+ ${1_000 + place} [\\s\\S]*"ok":false`)),
      payload.slice(0, 60),
    ).toBeDefined()
  }
  expect((await readBooks(economy.db, marketId)).agents).toEqual(before.agents)
})
