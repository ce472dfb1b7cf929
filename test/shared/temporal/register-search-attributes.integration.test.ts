import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadEnvironment } from '../../../shared/config/environment.ts'
import { registerSearchAttributes } from '../../../shared/temporal/register-search-attributes.ts'
import { eventually } from '../../workflows/economy-client.ts'

const namespace = `registered-${Date.now().toString(36)}`
let connection: Connection

beforeAll(async () => {
  connection = await Connection.connect({ address: loadEnvironment(process.env).temporal.address })
  const aDay = { seconds: 86_400 as never }
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: aDay })
})
afterAll(async () => {
  await connection.close()
})

const attributes = async () =>
  (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes

it('registers search attributes in a namespace that has none, from several workers at once, and again', async () => {
  const client = new Client({ connection, namespace })
  // A namespace that was just made is not known everywhere at once.
  await eventually(() =>
    registerSearchAttributes(client).then(
      () => true,
      () => false,
    ),
  )
  await Promise.all(Array.from({ length: 4 }, () => registerSearchAttributes(client)))
  expect(Object.keys((await attributes()) ?? {})).toEqual(
    expect.arrayContaining(['BourseAgent', 'BourseCycle', 'BourseMarket', 'BourseScenario']),
  )
  await registerSearchAttributes(client)
})
