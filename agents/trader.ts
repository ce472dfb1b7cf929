import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'

/** A bid as an agent sends it. */
export interface Bid {
  amount: number
  bundle: Record<string, number>
  goodTillCancelled?: boolean
}

/** What a habit does in one round: bids, together in one signal, and cancels. */
export interface Moves {
  bids?: Bid[]
  cancels?: string[]
}

/** What an agent knows when it decides: the round, and the bids it got admitted so far. */
export interface Seen {
  round: number
  /** 0 to 1, the same for the same agent and round in every run. */
  chance: (purpose: string) => number
  admitted: string[]
  refused: number
}

export type Habit = (seen: Seen) => Moves

const ROUND_MS = 700
const RPC_DEADLINE_MS = 10_000

/**
 * Runs agents of one habit until the rounds are over, as a program of its own: it knows the market's name, its agents'
 * names and Temporal's address, and nothing else. Usage: node <habit>.ts <market> <rounds> <agent> [<agent> ...]
 */
export async function trade(habit: Habit): Promise<void> {
  const [market, rounds, ...agents] = process.argv.slice(2)
  if (market === undefined || rounds === undefined || agents.length === 0) {
    throw new Error('usage: <market> <rounds> <agent> [<agent> ...]')
  }
  const connection = await Connection.connect({
    address: process.env.BOURSE_TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
  })
  const namespace = process.env.BOURSE_TEMPORAL_NAMESPACE ?? 'default'
  const taskQueue = process.env.BOURSE_TASK_QUEUE ?? 'bourse'
  const client = new Client({ connection, namespace })
  for (let round = 1; round <= Number(rounds); round++) {
    await connection.withDeadline(Date.now() + RPC_DEADLINE_MS, async () => {
      for (const agent of agents) await takeRound(client, taskQueue, market, agent, round, habit)
    })
    await delay(ROUND_MS)
  }
  await connection.close()
}

async function takeRound(
  client: Client,
  taskQueue: string,
  market: string,
  agent: string,
  round: number,
  habit: Habit,
): Promise<void> {
  const workflowId = `agent/${market}/${agent}`
  const verdicts = round === 1 ? [] : await askVerdicts(client, workflowId)
  const moves = habit({
    round,
    chance: purpose => fractionOf(`${agent}/${round}/${purpose}`),
    admitted: verdicts.filter(one => one.ok && one.status === 'pending').map(one => one.bidId!),
    refused: verdicts.filter(one => !one.ok).length,
  })
  if (moves.bids !== undefined && moves.bids.length > 0) {
    await client.workflow.signalWithStart('agent', {
      workflowId,
      taskQueue,
      args: [],
      signal: 'placeBid',
      signalArgs: [moves.bids.length === 1 ? moves.bids[0] : { bids: moves.bids }],
      staticSummary: `agent ${agent} of market ${market}`,
    })
  }
  for (const bidId of moves.cancels ?? [])
    await client.workflow.getHandle(workflowId).signal('cancelBid', { bidId })
}

interface Verdict {
  ok: boolean
  bidId?: string
  status?: string
}

async function askVerdicts(client: Client, workflowId: string): Promise<Verdict[]> {
  const state = await client.workflow
    .getHandle(workflowId)
    .query<{ verdicts: { verdict: Verdict }[] }>('state')
  return state.verdicts.map(one => one.verdict)
}

/** A number from 0 to 1 that depends on the text alone (FNV-1a). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193) >>> 0
  }
  return hash / 2 ** 32
}
