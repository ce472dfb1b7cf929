import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startModelCallers } from '../../../cli/demo/model-callers.ts'
import { stageModelOutage } from '../../../cli/demo/model-outage.ts'
import { createPostgresIdentity } from '../../../shared/db/agents/postgres-identity.ts'
import type { BourseEvent } from '../../../shared/events/envelope.ts'
import { ownDatabase } from '../../shared/db/own-database.ts'
import { leaseTokens } from '../../workers/llm-proxy/leased-tokens.ts'
import { startProxy } from '../../workers/llm-proxy/proxy-process.ts'

const { db, url } = await ownDatabase()
const CYCLE_MS = 500
const STORY_MS_MAX = 60_000

test('the upstream of the demo fails and comes back, and its circuit is seen opening and closing', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bourse-demo-'))
  const outage = await stageModelOutage(home)
  const { marketId } = await leaseTokens(db, 6_000_000)
  const proxy = await startProxy(url, JSON.parse(readFileSync(join(home, 'llm.json'), 'utf8')))
  const callers = startModelCallers(
    db,
    createPostgresIdentity(db, async () => {}),
    marketId,
    proxy.url,
  )
  const news: string[] = []
  const tell = (type: string, data: object) => {
    const told = outage.onEvent({ type, data } as BourseEvent)
    if (told !== null) news.push(told)
  }
  let seen = 0
  const deadlineMs = performance.now() + STORY_MS_MAX
  while (news.length < 4 && performance.now() < deadlineMs) {
    tell('cycle_cleared', {})
    const { rows } = await db.query(
      `select o.type, o.data from outbox o join event_batches b using (batch_id)
        where b.market_id = $1 and o.type like 'llm_circuit%' order by b.first_seq offset $2`,
      [marketId, seen],
    )
    seen += rows.length
    for (const { type, data } of rows) tell(type, data)
    await new Promise(resolve => setTimeout(resolve, CYCLE_MS))
  }
  await callers.stop()
  await outage.close()
  rmSync(home, { recursive: true })
  expect(news).toEqual([
    'the upstream of the model fails now',
    expect.stringMatching(/^the circuit of upstream scripted opened after \d+ failures; the market goes on$/),
    'the upstream of the model is back',
    'the circuit of upstream scripted is closed again',
  ])
  expect(callers.calls.answered).toBeGreaterThan(0)
  expect(callers.calls.failed).toBeGreaterThan(0)
})
