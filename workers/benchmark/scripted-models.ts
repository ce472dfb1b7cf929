import { Registry } from 'prom-client'
import { findLeaseOfToken } from '../../shared/db/leases/lease-tokens.ts'
import type { Database } from '../../shared/db/pool.ts'
import type { ServerAddress } from '../../shared/execution/lease-access.ts'
import { readLlmConfig } from '../../shared/llm/llm-config.ts'
import type { Telemetry } from '../../shared/telemetry/start-telemetry.ts'
import { startLlmCore } from '../llm-core.ts'
import { startLlmServer } from '../llm-proxy/server.ts'
import { startScriptedUpstream } from '../scripted-upstream/server.ts'

/** No model: it answers the first words of each sentence of what it is asked about. */
export const SCRIPTED_MODEL = 'scripted-extract'

const WORDS_OF_SENTENCE = 8
const CONTEXT_TOKENS = 100_000
const OUTPUT_TOKENS_MAX = 4_000
const GRACE_MS = 1_000

/**
 * Where no model is configured: a proxy for language models as any other, whose only upstream is scripted, so that agents
 * under test can spend tokens that they won without a network.
 */
export async function startScriptedModels(parts: {
  db: Database
  hint: (marketId: string) => Promise<void>
  telemetry: Pick<Telemetry, 'log' | 'metrics'>
}): Promise<{ address: ServerAddress; close(): Promise<void> }> {
  const { db, hint } = parts
  const upstream = await startScriptedUpstream({
    script: [{ does: 'answer', wordsOfSentence: WORDS_OF_SENTENCE }],
  })
  const setup = readLlmConfig(
    JSON.stringify({
      upstreams: [
        {
          name: 'scripted',
          baseUrl: upstream.baseUrl,
          models: [
            {
              name: SCRIPTED_MODEL,
              contextTokens: CONTEXT_TOKENS,
              maxOutputTokens: OUTPUT_TOKENS_MAX,
              price: { input: '0', output: '0' },
            },
          ],
        },
      ],
    }),
    {},
  )
  const { log } = parts.telemetry
  const core = startLlmCore(db, setup, { log, metrics: new Registry() }, hint)
  const server = await startLlmServer({
    host: '127.0.0.1',
    port: 0,
    config: setup.config,
    findLease: token => findLeaseOfToken(db, token),
    complete: core.complete,
    onRefused: core.refused,
    log,
  })
  const { hostname, port } = new URL(server.url)
  return {
    address: { host: hostname, port: Number(port) },
    async close() {
      await server.close(GRACE_MS)
      await core.close()
      await upstream.close()
    },
  }
}
