import { expect, test } from 'vitest'
import { startLinks } from '../../../cli/show/start-links.ts'

test('every workflow type has a form filled in', () => {
  const ui = { address: 'http://127.0.0.1:8233', namespace: 'my team', taskQueue: 'bourse' }
  const links = startLinks(ui, 'first', 'ann')
  expect(links.map(({ workflowType, workflowId }) => [workflowType, workflowId])).toEqual([
    ['market', 'market/first'],
    ['allocationCycle', 'cycle/first/next'],
    ['agent', 'agent/first/ann'],
    ['allowance', 'allowance/first/86400/now'],
    ['priceUpdate', 'price-update/first/now'],
    ['execution', 'execution/LEASE-ID'],
    ['attentionPrompt', 'prompt/PROMPT-ID'],
    ['benchmarkSuite', 'suite/now'],
  ])
  expect(links[0]!.url).toBe(
    'http://127.0.0.1:8233/namespaces/my%20team/workflows/start-workflow?workflowType=market&workflowId=market%2Ffirst&taskQueue=bourse',
  )
})
