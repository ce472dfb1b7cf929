import { v7 as uuidV7 } from 'uuid'
import { forgetCircuits, recordCircuits, tellOutages } from '../shared/db/llm/llm-circuits.ts'
import { recordRefusals } from '../shared/db/llm/llm-refusals.ts'
import { createPostgresLlmStore } from '../shared/db/llm/llm-store.ts'
import type { Database } from '../shared/db/pool.ts'
import { createUpstreamClient } from '../shared/http/upstream-client.ts'
import { type CallRecord, type ChatAnswer, type ChatCall, completeChat } from '../shared/llm/complete-chat.ts'
import { systemClock } from '../shared/llm/llm-clock.ts'
import { type LlmSetup, modelNames } from '../shared/llm/llm-config.ts'
import type { LlmRefusal } from '../shared/llm/llm-refusal.ts'
import { createRefusalCounts } from '../shared/llm/refusal-counts.ts'
import { createUpstreams } from '../shared/llm/upstream.ts'
import { createLlmTelemetry } from '../shared/telemetry/llm-telemetry.ts'
import type { Telemetry } from '../shared/telemetry/start-telemetry.ts'

export interface LlmCore {
  complete(call: ChatCall): Promise<ChatAnswer>
  /** Tells of a call that was refused before the core had it; `leaseId` is its caller's, if that is known. */
  refused(refusal: LlmRefusal, leaseId?: string): void
  close(): Promise<void>
}

const ROUND_MS = 1_000
/** How often this process says how its circuits are when nothing changed, in rounds. */
const QUIET_ROUNDS = 5

/**
 * Puts the core together on real parts, and keeps four things up beside the calls, once a second: how this process's
 * circuits stand, what markets are told of that, calls that were refused, and reservations whose process died.
 */
export function startLlmCore(
  db: Database,
  setup: LlmSetup,
  { log, metrics }: Pick<Telemetry, 'log' | 'metrics'>,
  hint: (marketId: string) => Promise<void>,
): LlmCore {
  const processId = uuidV7()
  const failures = new Map<string, number>()
  let hasChanged = true
  const upstreams = createUpstreams(setup.config.upstreams, setup.config.circuit, (upstream, change) => {
    failures.set(upstream, change.status === 'half_open' ? (failures.get(upstream) ?? 0) : change.failures)
    hasChanged = true
    telemetry.circuitChanged(upstream, change)
    wake()
  })
  const openCalls = () => [...upstreams.values()].reduce((sum, one) => sum + one.openCalls, 0)
  const telemetry = createLlmTelemetry(setup.config, metrics, log, openCalls)
  const store = createPostgresLlmStore(db, hint)
  const client = createUpstreamClient(setup.config)
  const refusals = createRefusalCounts()
  const served = new Set(modelNames(setup.config))
  const stopped = new AbortController()
  let wake = () => {}
  const rounds = keepRounds()

  return {
    refused(refusal, leaseId) {
      telemetry.refused(refusal)
      if (leaseId !== undefined) refusals.count({ leaseId, code: refusal.code, model: null, calls: 1 })
    },
    complete: call =>
      completeChat(
        {
          setup,
          upstreams,
          client,
          clock: systemClock,
          store,
          // The answer goes out first.
          onCallEnded: record => setImmediate(onCallEnded, record),
          onUnsettled: telemetry.unsettled,
        },
        call,
      ),
    async close() {
      stopped.abort()
      wake()
      await rounds
      await client.close()
    },
  }

  function onCallEnded(record: CallRecord): void {
    telemetry.callEnded(record)
    const { refusal, reserved, model, call } = record
    // What had tokens set aside has a row of its own.
    if (refusal === null || reserved !== null) return
    const known = served.has(model) ? model : null
    refusals.count({ leaseId: call.leaseId, code: refusal.code, model: known, calls: 1 })
  }

  async function keepRounds(): Promise<void> {
    for (let round = 0; !stopped.signal.aborted; round++) {
      try {
        await keepRound(round)
      } catch (error) {
        hasChanged = true
        log.warn({ err: error }, 'circuits and reservations could not be looked after; trying again')
      }
      await pauseOrWake()
    }
    await tellRefusals().catch(() => {})
    await forgetCircuits(db, processId).catch(() => {})
  }

  async function tellRefusals(): Promise<void> {
    const taken = refusals.take()
    try {
      await recordRefusals(db, taken)
    } catch (error) {
      for (const refused of taken) refusals.count(refused)
      throw error
    }
  }

  async function keepRound(round: number): Promise<void> {
    if (hasChanged || round % QUIET_ROUNDS === 0) {
      hasChanged = false
      const known = [...upstreams].map(([upstream, { circuit }]) => ({
        upstream,
        status: circuit.status(),
        failures: failures.get(upstream) ?? 0,
      }))
      await recordCircuits(db, processId, known)
    }
    await tellRefusals()
    await tellOutages(db, hint)
    const resolved = await store.resolveOverdue()
    if (resolved > 0) log.warn({ calls: resolved }, 'calls whose process died were charged their worst case')
  }

  async function pauseOrWake(): Promise<void> {
    if (stopped.signal.aborted) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ROUND_MS)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
