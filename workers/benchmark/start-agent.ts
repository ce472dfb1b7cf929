import { v7 as uuidV7 } from 'uuid'
import type { AgentUnderTest } from '../../shared/benchmark/agent-under-test.ts'
import type { AgentEnd, AgentStart, StartAgent } from '../../shared/benchmark/run-agent.ts'
import { AGENT } from '../../shared/benchmark/trial.ts'
import { type AgentConnection, connectAgent } from '../../shared/bus/agent-connection.ts'
import {
  executionEnvironment,
  forwardedServers,
  type ServerAddress,
} from '../../shared/execution/lease-access.ts'
import type { Sandbox } from '../../shared/sandbox/sandbox.ts'
import { runLlmAgent } from './llm-agent.ts'
import { type BenchmarkModels, ModelUnavailable } from './models.ts'
import { findReferenceAgent } from './reference-agents.ts'

export interface AgentDoors {
  /** Addresses of NATS without anybody's password. */
  natsServers: string[]
  nats: ServerAddress
  /** Where programs reach a proxy for language models; null: none is known. */
  llm: () => Promise<ServerAddress | null>
  models: BenchmarkModels
  sandbox: Sandbox
}

const MEBIBYTE = 1024 ** 2
/** What a program under test may use, whatever its agent wins: winning is what is tested. */
const SANDBOX_LIMITS = {
  memoryBytes: 512 * MEBIBYTE,
  cpuCores: 1,
  processes: 64,
  openFilesPerProcess: 256,
  workspaceBytes: 32 * MEBIBYTE,
  workspaceFiles: 4_096,
}
const REPORTED_CHARACTERS_MAX = 500

/** Starts agents under test of every kind; all of them enter their market by a token, as anybody does. */
export function createAgentStarter(doors: AgentDoors): StartAgent {
  return async start => {
    switch (start.agent.kind) {
      case 'reference':
        return await connected(doors, start, connection => runReference(start, connection, doors))
      case 'llm': {
        const { agent } = start
        return await connected(doors, start, connection =>
          runLlmAgent(agent, connection, doors.models, start),
        )
      }
      case 'sandbox':
        return await runProgram(start.agent, start, doors)
      case 'remote':
        return await runRemote(start.agent, start, doors)
    }
  }
}

/** An agent of this process on a connection of its own. An error of the agent is how it ended; ours is thrown. */
async function connected(
  { natsServers }: AgentDoors,
  { marketId, token, signal }: AgentStart,
  act: (connection: AgentConnection) => Promise<AgentEnd>,
): Promise<AgentEnd> {
  const connection = await connectAgent({ servers: natsServers, marketId, agent: AGENT, token })
  const close = () => void connection.close().catch(() => {})
  signal.addEventListener('abort', close, { once: true })
  try {
    return await act(connection)
  } catch (error) {
    if (error instanceof ModelUnavailable) throw error
    return { reason: 'error', detail: (error as Error).message }
  } finally {
    signal.removeEventListener('abort', close)
    await connection.close().catch(() => {})
  }
}

async function runReference(
  start: AgentStart,
  connection: AgentConnection,
  doors: AgentDoors,
): Promise<AgentEnd> {
  const { agent, scenarioId, trial, signal } = start
  if (agent.kind !== 'reference') throw new Error(`${agent.name} is no reference agent`)
  const act = await findReferenceAgent(agent.function)
  const llm = await doors.llm()
  await act({
    connection,
    scenarioId,
    trial,
    signal,
    openaiBaseUrl: llm === null ? null : `http://${llm.host}:${llm.port}/v1`,
  })
  return { reason: 'finished', detail: null }
}

async function runProgram(
  agent: Extract<AgentUnderTest, { kind: 'sandbox' }>,
  { marketId, token, signal, deadlineSeconds }: AgentStart,
  { sandbox, nats, llm }: AgentDoors,
): Promise<AgentEnd> {
  const readiness = await sandbox.probe()
  if (!readiness.ready)
    throw new Error(`the sandbox is ${readiness.why}: ${readiness.detail}. ${readiness.remedy}`)
  const endsAt = new Date(Date.now() + deadlineSeconds * 1_000).toISOString()
  const access = { token, nats, llm: await llm() }
  // It runs outside of any lease: a lease is for it to win.
  const {
    BOURSE_LEASE_ID: _,
    OPENAI_API_KEY: __,
    ...environment
  } = executionEnvironment({ marketId, agent: AGENT, leaseId: '', endsAt }, access)
  const exit = await sandbox.run(
    {
      id: uuidV7(),
      command: agent.command,
      runtime: agent.runtime,
      files: new Map(Object.entries(agent.files).map(([name, text]) => [name, Buffer.from(text)])),
      workspace: null,
      environment,
      servers: forwardedServers(access),
      limits: SANDBOX_LIMITS,
      endsInMs: deadlineSeconds * 1_000,
    },
    signal,
  )
  if (!exit.started) throw new Error(`the program could not be started: ${exit.problem ?? exit.reason}`)
  if (exit.reason === 'finished' && exit.exitCode === 0) return { reason: 'finished', detail: null }
  const said = Buffer.from(exit.stderr.bytes).toString('utf8').slice(-REPORTED_CHARACTERS_MAX)
  return { reason: 'error', detail: `${exit.reason}, exit code ${exit.exitCode}: ${said}` }
}

/** Tells an agent elsewhere where to go; it ends with task.finish, or when its time is over. */
async function runRemote(
  agent: Extract<AgentUnderTest, { kind: 'remote' }>,
  { marketId, token, signal, deadlineSeconds, scenarioId, trial }: AgentStart,
  { natsServers, ...doors }: AgentDoors,
): Promise<AgentEnd> {
  const llm = await doors.llm()
  const key = agent.keyVariable === undefined ? undefined : process.env[agent.keyVariable]
  if (agent.keyVariable !== undefined && !key)
    throw new Error(`${agent.keyVariable} is not set for the worker`)
  const response = await fetch(agent.startUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({
      market: marketId,
      agent: AGENT,
      token,
      natsUrl: natsServers.join(','),
      inboxPrefix: `_INBOX.${marketId}.${AGENT}`,
      openaiBaseUrl: llm === null ? null : `http://${llm.host}:${llm.port}/v1`,
      trial: `${scenarioId}/${trial}`,
      deadlineSeconds,
    }),
    signal,
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`${agent.startUrl} answered ${response.status}`)
  return await new Promise<AgentEnd>(resolve => {
    const end = () => resolve({ reason: 'finished', detail: null })
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
  })
}
