import { setTimeout as delay } from 'node:timers/promises'
import type { ReferenceAgent } from './reference-agent.ts'

/** Looks at its balance and then does nothing until its time is over: what limits and cancels are tried with. */
const slow: ReferenceAgent = async ({ connection, signal }) => {
  await connection.request('economic.get_balance', {})
  await delay(3_600_000, undefined, { signal }).catch(() => {})
}

export default slow
