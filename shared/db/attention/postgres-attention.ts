import { validate as isUuid, v7 as uuidV7 } from 'uuid'
import type { Attention, OpenPromptRequest, PromptSummary } from '../../attention/attention.ts'
import {
  contentOfPrompt,
  decideExpirePrompt,
  decideOpenPrompt,
  decideScorePrompt,
  type Prompt,
  type PromptDecision,
  type PromptLease,
  promptProblem,
  readScores,
  refuseUnknownPrompt,
  summarisePrompt,
} from '../../attention/decisions.ts'
import { answerAgain } from '../../economy/first-outcome.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { refuseMintExhausted } from '../../ledger/mint-limit.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { type MarketRules, rulesSchema } from '../../market/rules.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { isMintExhausted } from '../ledger/mint-limit.ts'
import { lockLedgerAgents, writeLedgerAgents } from '../ledger/postgres-ledger.ts'
import { postMovements } from '../ledger/postings.ts'
import { findOutcomes, isKeyTaken, storeOutcomes } from '../operations.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/** Another process may store a first outcome between this one's look and its own: the second look finds it. */
const MAX_ATTEMPTS = 3

/** Prompts on Postgres. `hint` is called after a commit that woke a sleeping market. */
export function createPostgresAttention(db: Database, hint: (marketId: string) => Promise<void>): Attention {
  async function hinted<T>(change: Promise<Written<T>>): Promise<Outcome<T>> {
    const { outcome, wokenMarket } = await change
    if (wokenMarket !== null) await hint(wokenMarket)
    return outcome
  }

  return {
    async openPrompt(request) {
      const { marketId, agent, key } = request
      const problem = promptProblem(request) ?? textProblem({ marketId, agent, key })
      if (problem !== null) return problem
      for (let attempt = 1; ; attempt++) {
        try {
          return await hinted(inTransaction(db, client => openPrompt(client, request)))
        } catch (error) {
          if (!isKeyTaken(error) || attempt >= MAX_ATTEMPTS) throw error
        }
      }
    },
    async scorePrompt({ promptId, scores: given, actor }) {
      const read = readScores(given)
      if (!read.ok) return read
      const market = await findMarketOf(db, promptId)
      if (market === null) return refuseUnknownPrompt(promptId)
      try {
        return await hinted(
          resolve(
            db,
            promptId,
            (found, operationId) => decideScorePrompt(found, read.scores, actor, operationId),
            actor,
          ),
        )
      } catch (error) {
        if (isMintExhausted(error)) return refuseMintExhausted(market)
        throw error
      }
    },
    async expirePrompt(promptId) {
      if ((await findMarketOf(db, promptId)) === null) return refuseUnknownPrompt(promptId)
      return await hinted(
        resolve(db, promptId, ({ prompt, agent }, operationId, nowMs) =>
          decideExpirePrompt(prompt, agent, operationId, nowMs),
        ),
      )
    },
    async findPrompt(promptId) {
      const found = isUuid(promptId) ? await readPrompts(db, 'p.prompt_id = $1', [promptId]) : []
      return found[0] === undefined ? refuseUnknownPrompt(promptId) : { ok: true, ...found[0] }
    },
  }
}

/** Open prompts of a market (or of all), those that offer most first, then the oldest; at most `limit`. */
export async function listOpenPrompts(
  db: Database,
  marketId: string | null,
  limit: number,
): Promise<PromptSummary[]> {
  return await readPrompts(
    db,
    `p.status = 'open' and ($1::text is null or p.market_id = $1)
     order by p.amount_micro desc, p.opened_at, p.prompt_id limit $2`,
    [marketId, limit],
  )
}

interface Written<T> {
  outcome: Outcome<T>
  wokenMarket: string | null
}

/** Locks the agent, its operation's key, the escrow, and last the sequence row. */
async function openPrompt(client: DatabaseClient, request: OpenPromptRequest) {
  const { marketId, agent: name, key } = request
  const market = await client.query('select rules from markets where market_id = $1', [marketId])
  if (market.rows.length === 0) return { outcome: refuseUnknownMarket(marketId), wokenMarket: null }
  const agents = await lockLedgerAgents(client, marketId, [name])
  const agent = agents.get(name)
  const batch = await startBatch(client, marketId)
  const keyed =
    key === null || agent === undefined
      ? null
      : { agentId: agent.agentId, key, content: contentOfPrompt(request) }
  if (keyed !== null) {
    const [first] = await findOutcomes(client, marketId, [keyed])
    if (first !== undefined) return { outcome: answerAgain<never>(first, keyed.key), wokenMarket: null }
  }
  const promptId = uuidV7()
  const decision = decideOpenPrompt(
    {
      agent,
      lease: agent === undefined ? null : await findLease(client, batch, agent.agentId, request.leaseId),
      openPrompts: agent === undefined ? 0 : await countOpen(client, agent.agentId),
      rules: rulesSchema.parse(market.rows[0].rules),
    },
    request,
    promptId,
    batch.nowMs,
  )
  if (keyed !== null) {
    await storeOutcomes(client, marketId, batch.nowMs, [
      { ...keyed, operationId: promptId, outcome: decision.outcome },
    ])
  }
  if (decision.prompt !== null) await insertPrompt(client, batch, agent!.agentId, decision.prompt)
  return await write(client, batch, decision)
}

interface Found {
  prompt: Prompt
  agent: NonNullable<ReturnType<Awaited<ReturnType<typeof lockLedgerAgents>>['get']>>
  rules: MarketRules
}

/** Locks the prompt's agent, the prompt, system accounts, and last the sequence row. The prompt must exist. */
async function resolve<T>(
  db: Database,
  promptId: string,
  decide: (found: Found, operationId: string, nowMs: number) => PromptDecision<T>,
  actor: string | null = null,
): Promise<Written<T>> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      `select p.market_id, a.name, m.rules
         from prompts p join agents a using (agent_id) join markets m on m.market_id = p.market_id
        where p.prompt_id = $1`,
      [promptId],
    )
    const { market_id: marketId, name, rules } = rows[0]
    const agent = (await lockLedgerAgents(client, marketId, [name])).get(name)!
    const locked = await client.query('select * from prompts where prompt_id = $1 for no key update', [
      promptId,
    ])
    const batch = await startBatch(client, marketId)
    const prompt = promptOf({ ...locked.rows[0], agent: name })
    const found = { prompt, agent, rules: rulesSchema.parse(rules) }
    const decision = decide(found, uuidV7(), batch.nowMs)
    if (decision.prompt !== null) await endPrompt(client, batch, decision.prompt, actor)
    return await write(client, batch, decision)
  })
}

async function write<T>(
  client: DatabaseClient,
  batch: BatchStart,
  { outcome, agent, movements, events }: PromptDecision<T>,
): Promise<Written<T>> {
  if (events.length === 0) return { outcome, wokenMarket: null }
  await writeLedgerAgents(client, agent === null ? [] : [agent])
  await postMovements(client, batch, movements)
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { outcome, wokenMarket: woken ? batch.marketId : null }
}

async function findMarketOf(db: Database, promptId: string): Promise<string | null> {
  if (!isUuid(promptId)) return null
  const { rows } = await db.query('select market_id from prompts where prompt_id = $1', [promptId])
  return rows[0]?.market_id ?? null
}

/** The lease named, or the agent's active one with attention that ends last. */
async function findLease(
  client: DatabaseClient,
  batch: BatchStart,
  agentId: bigint,
  leaseId: string | undefined,
): Promise<PromptLease | null> {
  if (leaseId !== undefined && !isUuid(leaseId)) return null
  const { rows } = await client.query(
    `select l.lease_id, l.ends_at, coalesce(l.quantities_ppm[r.ordinal + 1], 0) as attention_ppm
       from leases l left join market_resources r on r.market_id = l.market_id and r.name = 'attention'
      where l.beneficiary_id = $1 and l.market_id = $2 and l.status = 'active' and l.ends_at > $3
        and case when $4::uuid is null then l.quantities_ppm[r.ordinal + 1] > 0 else l.lease_id = $4 end
      order by l.ends_at desc, l.lease_id limit 1`,
    [agentId, batch.marketId, new Date(batch.nowMs), leaseId ?? null],
  )
  const row = rows[0]
  if (row === undefined) return null
  return { leaseId: row.lease_id, endsAtMs: row.ends_at.getTime(), attentionPpm: row.attention_ppm }
}

async function countOpen(client: DatabaseClient, agentId: bigint): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::int as open from prompts where agent_id = $1 and status = 'open'`,
    [agentId],
  )
  return rows[0].open
}

async function insertPrompt(
  client: DatabaseClient,
  batch: BatchStart,
  agentId: bigint,
  prompt: Prompt,
): Promise<void> {
  await client.query(
    `insert into prompts (prompt_id, market_id, agent_id, lease_id, text, amount_micro, opened_at, expires_at, traceparent)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      prompt.promptId,
      batch.marketId,
      agentId,
      prompt.leaseId,
      prompt.text,
      prompt.amountMicro,
      new Date(prompt.openedAtMs),
      prompt.expiresAtMs === null ? null : new Date(prompt.expiresAtMs),
      prompt.traceparent,
    ],
  )
}

async function endPrompt(client: DatabaseClient, batch: BatchStart, prompt: Prompt, actor: string | null) {
  const { scores } = prompt
  await client.query(
    `update prompts set status = $2, interesting = $3, useful = $4, understandable = $5, awarded_micro = $6,
            scored_by = $7, resolved_at = $8
      where prompt_id = $1`,
    [
      prompt.promptId,
      prompt.status,
      scores?.interesting ?? null,
      scores?.useful ?? null,
      scores?.understandable ?? null,
      prompt.awardedMicro,
      actor,
      new Date(batch.nowMs),
    ],
  )
}

async function readPrompts(db: Database, which: string, values: unknown[]): Promise<PromptSummary[]> {
  const { rows } = await db.query(
    `select p.*, a.name as agent from prompts p join agents a using (agent_id) where ${which}`,
    values,
  )
  return rows.map(row => summarisePrompt(row.market_id, promptOf(row)))
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function promptOf(row: any): Prompt {
  const { interesting, useful, understandable } = row
  return {
    promptId: row.prompt_id,
    agent: row.agent,
    leaseId: row.lease_id,
    text: row.text,
    amountMicro: row.amount_micro,
    status: row.status,
    openedAtMs: row.opened_at.getTime(),
    expiresAtMs: row.expires_at === null ? null : row.expires_at.getTime(),
    scores: interesting === null ? null : { interesting, useful, understandable },
    awardedMicro: row.awarded_micro,
    traceparent: row.traceparent,
  }
}
