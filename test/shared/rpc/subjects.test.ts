import { expect, test } from 'vitest'
import { isOwnInbox, readRpcSubject, rpcSubject } from '../../../shared/rpc/subjects.ts'

test('who asks for what is read from the subject', () => {
  expect(readRpcSubject(rpcSubject('m', 'ann', 'market.bid'))).toEqual({
    marketId: 'm',
    agent: 'ann',
    operation: 'market.bid',
  })
})

test.each([
  'bourse.m.agent.ann',
  'bourse.m.agent.ann.rpc.',
  'bourse.M.agent.ann.rpc.x',
  'other.m.agent.ann.rpc.x',
])('%s is nobody’s request', subject => {
  expect(readRpcSubject(subject)).toBeNull()
})

test.each(['_INBOX.m.ann.x', '_INBOX.m.ann.pQ3_-.1.2'])('%s is in the inbox of ann in m', reply => {
  expect(isOwnInbox('m', 'ann', reply)).toBe(true)
})

test.each([
  '',
  '_INBOX.x',
  '_INBOX.m.ann',
  '_INBOX.m.ann.',
  '_INBOX.m.anna.x',
  '_INBOX.m.bob.x',
  '_INBOX.n.ann.x',
  '_INBOX.m.ann.*',
  '_INBOX.m.ann.>',
  '_INBOX.m.ann..x',
  '_INBOX.m.ann.x y',
  '_INBOX.m.ann.x\r\nPUB a 0',
  '$JS.API.STREAM.PURGE.bourse-m',
  'bourse.m.agent.bob.notify.x',
  `_INBOX.m.ann.${'x'.repeat(300)}`,
])('%j is not', reply => {
  expect(isOwnInbox('m', 'ann', reply)).toBe(false)
})
