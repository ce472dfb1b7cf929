// A first bid in a program of your own: node agents/first-bid.mjs <temporal address> <market> <agent>
import { Client, Connection } from '@temporalio/client'

const [address = '127.0.0.1:7233', market = 'first', agent = 'ann'] = process.argv.slice(2)
const connection = await Connection.connect({ address })
const client = new Client({ connection })

const workflow = await client.workflow.signalWithStart('agent', {
  workflowId: `agent/${market}/${agent}`,
  taskQueue: 'bourse',
  signal: 'placeBid',
  signalArgs: [{ amount: '12.5', bundle: { cpu: 0.1, durationSeconds: 10 } }],
})
console.log('sent a bid as a signal; nobody waits for its verdict')

const bid = { amount: '25', bundle: { cpu: 0.1, memory: 0.1, durationSeconds: 10 } }
const verdict = await client.workflow
  .getHandle(workflow.workflowId)
  .executeUpdate('placeBid', { args: [bid] })
console.log('a bid as an update:', verdict)
await connection.close()
