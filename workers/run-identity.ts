import { setInterval } from 'node:timers/promises'
import { Events } from 'nats'
import {
  AGENT_ACCOUNT,
  type AgentConnection,
  closeAgentConnections,
  listAgentConnections,
  watchAgentConnections,
} from '../shared/bus/agent-connections.ts'
import { answerCallouts, type CalloutRequest } from '../shared/bus/auth-callout.ts'
import { connectBus } from '../shared/bus/connect.ts'
import { publicKeysOf } from '../shared/bus/identity-keys.ts'
import type { loadIdentityEnvironment } from '../shared/config/environment.ts'
import { createPostgresIdentity } from '../shared/db/agents/postgres-identity.ts'
import { createDatabase } from '../shared/db/pool.ts'
import { connectionProblem } from '../shared/identity/connection-limits.ts'
import { connectionName, ownerTagOf } from '../shared/identity/connection-name.ts'
import { findBearer } from '../shared/identity/find-bearer.ts'
import { createLiveConnections } from '../shared/identity/live-connections.ts'
import { agentPermissions } from '../shared/identity/permissions.ts'
import { createCalloutSigner } from '../shared/identity/user-jwt.ts'
import { serveMetrics } from '../shared/telemetry/serve-metrics.ts'
import { startTelemetry } from '../shared/telemetry/start-telemetry.ts'

const MAX_DATABASE_CONNECTIONS = 8
/** Whoever ends a token closes its connections; what slipped through is found by looking so often, so far back. */
const LOOK_EVERY_MS = 250
const LOOK_BACK_SECONDS = 30
const MAX_ENDED_PER_LOOK = 1_000
const LOOKS_PER_LISTING = 120
/** Refusals that are logged in a second; the rest are only counted. */
const MAX_LOGGED_PER_SECOND = 10

/**
 * Says to NATS who the agents are, until `signal` aborts: lets in connections that present an agent's token, with that
 * agent's permissions, and closes those whose token ended. Several of these share the work. `onReady` is called when it
 * answers.
 */
export async function runIdentity(
  environment: ReturnType<typeof loadIdentityEnvironment>,
  { signal, onReady }: { signal: AbortSignal; onReady: () => void },
): Promise<void> {
  const telemetry = await startTelemetry('identity', environment)
  const { log } = telemetry
  const metricsServer = await serveMetrics({
    registry: telemetry.metrics,
    ...environment.telemetry.metrics,
    log,
  })
  const db = createDatabase(environment.postgresUrl, 'bourse identity', MAX_DATABASE_CONNECTIONS)
  const identity = createPostgresIdentity(db, async () => {})
  const callouts = await connectBus(environment.natsAuth, 'bourse identity')
  const system = await connectBus(environment.natsSystem, 'bourse identity')
  const signer = createCalloutSigner({ issuer: publicKeysOf(environment.keys).issuer, ...environment.keys })
  const live = createLiveConnections(() => performance.now())
  let loggedInSecond = { second: 0, count: 0 }
  /** The servers may have ended connections without a word, as when they were started again. */
  let isOutOfTouch = false

  const endWatching = watchAgentConnections(system, { made: live.add, ended: live.remove })
  void watchReconnects()
  await system.connection.flush()
  live.replace(await listAgentConnections(system))
  const endAnswering = answerCallouts(callouts, environment.keys.xkeySeed, judge, error =>
    log.error({ err: error }, 'a connection could not be judged'),
  )
  await callouts.connection.flush()
  log.info('identity is ready')
  onReady()

  await closeEnded()
  await endAnswering()
  await endWatching()
  await callouts.connection.flush().catch(() => {})
  await callouts.close()
  await system.close()
  await db.end()
  await metricsServer.close()
  await telemetry.close()

  async function judge(request: CalloutRequest): Promise<string> {
    const found = await findBearer(identity, request.token)
    if (!found.ok) return refuse(request, found.error.message)
    const { marketId, agent, owner, tokenId, endsAtMs } = found
    const holder = { marketId, agent, ownerTag: ownerTagOf(owner), tokenId }
    const problem = connectionProblem(agent, live.open(holder), environment.connectionsPerOwner)
    if (problem !== null) return refuse(request, problem.error.message)
    live.letIn({ serverId: request.serverId, clientId: request.clientId, ...holder })
    return signer.admit(
      request,
      {
        name: connectionName(holder),
        account: AGENT_ACCOUNT,
        permissions: agentPermissions(marketId, agent),
        endsAtMs,
      },
      Date.now(),
    )
  }

  function refuse(request: CalloutRequest, reason: string): string {
    const second = Math.floor(performance.now() / 1000)
    if (loggedInSecond.second !== second) loggedInSecond = { second, count: 0 }
    loggedInSecond.count += 1
    if (loggedInSecond.count <= MAX_LOGGED_PER_SECOND)
      log.info({ host: request.host, reason }, 'a connection is refused')
    return signer.refuse(request, reason, Date.now())
  }

  async function watchReconnects(): Promise<void> {
    for await (const status of system.connection.status()) {
      if (status.type === Events.Reconnect) isOutOfTouch = true
    }
  }

  async function closeEnded(): Promise<void> {
    let looks = 0
    for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { ref: true })) {
      if (signal.aborted) return
      try {
        await listWhenDue(looks++)
        const ended = await identity.listEndedTokens(LOOK_BACK_SECONDS, MAX_ENDED_PER_LOOK)
        await close(live.of(new Set(ended.map(one => one.tokenId))), 'connections of ended tokens are closed')
        const surplus = live.surplus(environment.connectionsPerOwner)
        await close(surplus, 'connections that came in at once, beyond what is allowed, are closed')
      } catch (error) {
        log.warn({ err: error }, 'connections that should be closed could not be looked for')
      }
    }
  }

  async function listWhenDue(looks: number): Promise<void> {
    if (!isOutOfTouch && looks % LOOKS_PER_LISTING !== LOOKS_PER_LISTING - 1) return
    const listed = await listAgentConnections(system)
    if (isOutOfTouch) live.clear()
    isOutOfTouch = false
    live.replace(listed)
  }

  async function close(closing: readonly AgentConnection[], message: string): Promise<void> {
    if (closing.length === 0) return
    await closeAgentConnections(system, closing)
    log.info({ closed: closing.length }, message)
  }
}
