import { v7 as uuidV7 } from 'uuid'
import { answerAgain } from '../economy/first-outcome.ts'
import {
  appendEvents,
  findOutcome,
  ledgerAgentOf,
  type MemoryMarket,
  type MemoryState,
  postMovements,
  storeOutcome,
} from '../economy/memory/memory-state.ts'
import { refuseUnknownMarket } from '../economy/refusal.ts'
import { refuseMintExhausted } from '../ledger/mint-limit.ts'
import { textProblem } from '../ledger/text-problem.ts'
import { judgeWhenBroke } from '../life/life.ts'
import type { Attention } from './attention.ts'
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
} from './decisions.ts'

/** Prompts in memory, beside the economy and the ledger of the same state. */
export function createMemoryAttention(state: MemoryState): Attention {
  function find(promptId: string): { market: MemoryMarket; prompt: Prompt } | null {
    for (const market of state.markets.values()) {
      const prompt = market.prompts.get(promptId)
      if (prompt !== undefined) return { market, prompt }
    }
    return null
  }

  return {
    async openPrompt(request) {
      const problem = promptProblem(request) ?? textProblem({ agent: request.agent, key: request.key })
      if (problem !== null) return problem
      const { marketId, agent: name, key } = request
      const market = state.markets.get(marketId)
      if (market === undefined) return refuseUnknownMarket(marketId)
      const isKeyed = key !== null && market.agents.has(name)
      const first = isKeyed ? findOutcome(market, name, key, contentOfPrompt(request)) : undefined
      if (first !== undefined) return answerAgain(first, key!)
      const decision = decideOpenPrompt(
        {
          agent: ledgerAgentOf(market, name),
          lease: leaseFor(market, name, request.leaseId, state.now()),
          openPrompts: [...market.prompts.values()].filter(one => one.agent === name && one.status === 'open')
            .length,
          rules: market.rules,
        },
        request,
        uuidV7(),
        state.now(),
      )
      write(state, market, decision)
      if (isKeyed) storeOutcome(market, name, key, contentOfPrompt(request), decision.outcome)
      return decision.outcome
    },
    async scorePrompt({ promptId, scores: given, actor }) {
      const read = readScores(given)
      if (!read.ok) return read
      const found = find(promptId)
      if (found === null) return refuseUnknownPrompt(promptId)
      const { market, prompt } = found
      const agent = ledgerAgentOf(market, prompt.agent)!
      const decision = decideScorePrompt({ prompt, agent, rules: market.rules }, read.scores, actor, uuidV7())
      return write(state, market, decision) ? decision.outcome : refuseMintExhausted(market.marketId)
    },
    async expirePrompt(promptId) {
      const found = find(promptId)
      if (found === null) return refuseUnknownPrompt(promptId)
      const { market, prompt } = found
      const agent = ledgerAgentOf(market, prompt.agent)!
      const decision = decideExpirePrompt(prompt, agent, uuidV7(), state.now())
      write(state, market, decision)
      return decision.outcome
    },
    async findPrompt(promptId) {
      const found = find(promptId)
      return found === null
        ? refuseUnknownPrompt(promptId)
        : { ok: true, ...summarisePrompt(found.market.marketId, found.prompt) }
    },
  }
}

function leaseFor(
  market: MemoryMarket,
  agent: string,
  leaseId: string | undefined,
  nowMs: number,
): PromptLease | null {
  const place = market.resources.findIndex(resource => resource.name === 'attention')
  const leases = market.leases
    .filter(lease => lease.beneficiary === agent && lease.status === 'active' && lease.endsAtMs > nowMs)
    .map(lease => ({ ...lease, attentionPpm: lease.quantitiesPpm[place] ?? 0 }))
    .filter(lease => (leaseId === undefined ? lease.attentionPpm > 0 : lease.leaseId === leaseId))
    .toSorted((a, b) => b.endsAtMs - a.endsAtMs || (a.leaseId < b.leaseId ? -1 : 1))
  return leases[0] ?? null
}

function write(state: MemoryState, market: MemoryMarket, decision: PromptDecision<unknown>): boolean {
  if (!postMovements(market, decision.movements)) return false
  if (decision.agent !== null) {
    const { name, availableMicro } = decision.agent
    const agent = Object.assign(market.agents.get(name)!, { availableMicro })
    judgeWhenBroke(agent, state.now())
  }
  if (decision.prompt !== null) market.prompts.set(decision.prompt.promptId, decision.prompt)
  if (decision.events.length > 0) appendEvents(state, market, decision.events)
  return true
}
