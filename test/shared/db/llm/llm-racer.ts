/** Makes calls on a lease, all at once, and ends each in some way: `<url> <lease> <calls> <seed>`. */
import { createPostgresLlmStore } from '../../../../shared/db/llm/llm-store.ts'
import { createDatabase } from '../../../../shared/db/pool.ts'
import { NO_USAGE } from '../../../../shared/llm/usage.ts'

const [url = '', leaseId = '', calls = '', seed = ''] = process.argv.slice(2)
const db = createDatabase(url, 'llm racer', 10)
const store = createPostgresLlmStore(db, async () => {})
const count = { reserved: 0, refused: 0 }

async function call(nth: number): Promise<void> {
  const callId = crypto.randomUUID()
  const worst = { promptTokens: 50, outputTokens: 100, choices: 1, inputPriceMicro: 0n, outputPriceMicro: 0n }
  const reserved = await store.reserve({
    callId,
    leaseId,
    model: 'small',
    stream: false,
    worst,
    deadlineSeconds: 60,
    traceparent: null,
  })
  if (!reserved.ok) {
    count.refused += 1
    return
  }
  count.reserved += 1
  const completionTokens = (nth * 37 + Number(seed) * 13) % 160
  await store.settle(callId, {
    outcome: 'completed',
    charge: nth % 5 === 0 ? 'reserved' : 'used',
    usage: { ...NO_USAGE, promptTokens: 40, completionTokens },
    costMicro: 0n,
    upstream: 'first',
    attempts: 1,
    latencyMs: 1,
    firstTokenMs: null,
  })
}

await Promise.all(Array.from({ length: Number(calls) }, (_, nth) => call(nth)))
process.stdout.write(JSON.stringify(count))
await db.end()
