import { createMemoryAllowances } from '../../../shared/allowance/memory-allowances.ts'
import { createMemoryAttention } from '../../../shared/attention/memory-attention.ts'
import { createMemoryEconomy } from '../../../shared/economy/memory/memory-economy.ts'
import { createMemoryState } from '../../../shared/economy/memory/memory-state.ts'
import { createMemoryLedger } from '../../../shared/ledger/memory-ledger.ts'
import { pausedUpToMs } from '../../../shared/market/market-clock.ts'
import type { Books, EconomyUnderTest } from './economy-under-test.ts'

const FIRST_MOMENT_MS = Date.UTC(2026, 0, 1)

/** The economy in memory, whose clock stands still unless a test lets time pass. */
export function createMemoryUnderTest(): EconomyUnderTest {
  let nowMs = FIRST_MOMENT_MS
  const state = createMemoryState(() => nowMs)
  const marketOf = (marketId: string) => state.markets.get(marketId)!
  return {
    economy: createMemoryEconomy(state),
    now: async () => nowMs,
    ledger: createMemoryLedger(state),
    attention: createMemoryAttention(state),
    allowances: createMemoryAllowances(state),
    async passTime(_marketId, seconds) {
      nowMs += seconds * 1000
    },
    async setAgentStatus(marketId, agent, status) {
      const dormantReason = status === 'dormant' ? 'voluntary' : null
      Object.assign(marketOf(marketId).agents.get(agent)!, { status, dormantReason, judgeAtMs: null })
    },
    async recordPrices(marketId, pricesMicro) {
      const market = marketOf(marketId)
      market.prices = {
        tick: (market.prices?.tick ?? 0) + 1,
        tickedAtMs: nowMs,
        recordedAtMs: nowMs,
        pausedMs: pausedUpToMs(market.pauses, nowMs),
        prices: pricesMicro.map(priceMicro => ({ priceMicro, eMillionths: 0 })),
      }
    },
    async markPublished(marketId) {
      marketOf(marketId).publishedSeq = marketOf(marketId).events.length
    },
    async readBooks(marketId): Promise<Books> {
      const market = marketOf(marketId)
      const posted = new Map([...market.agents.keys()].map(name => [name, 0n]))
      const names = new Map([...market.agents.values()].map(agent => [agent.agentId, agent.name]))
      for (const { from, to, amountMicro } of market.movements) {
        for (const [party, signed] of [[from, -amountMicro] as const, [to, amountMicro] as const]) {
          if (typeof party === 'string') continue
          const name = names.get(party.agentId)!
          posted.set(name, posted.get(name)! + signed)
        }
      }
      return {
        agents: new Map(
          [...market.agents.values()].map(({ name, availableMicro, heldMicro, openBids }) => [
            name,
            { availableMicro, heldMicro, openBids },
          ]),
        ),
        accounts: { ...market.accounts },
        bids: [...market.bids.values()].map(({ bidId, payer, amountMicro, status, ...bid }) => {
          const isDecided = status === 'winning' || status === 'outbid' || status === 'completed'
          return {
            bidId,
            payer,
            amountMicro,
            status,
            cycle: isDecided ? Number(bid.lastConsideredCycle) : null,
          }
        }),
        holds: [...market.holds.values()].map(({ holdId, agent, amountMicro, status }) => ({
          holdId,
          agent,
          amountMicro,
          status,
        })),
        prompts: [...market.prompts.values()].map(
          ({ promptId, agent, amountMicro, status, awardedMicro }) => ({
            promptId,
            agent,
            amountMicro,
            status,
            awardedMicro,
          }),
        ),
        leases: market.leases.map(({ leaseId, bidId, beneficiary, quantitiesPpm, status }) => ({
          leaseId,
          bidId,
          beneficiary,
          quantitiesPpm,
          status,
        })),
        leasedPpm: [...market.leasedPpm],
        postedMicro: posted,
        events: market.events.map(({ seq, eventId, operation, type, agent, correlationId, data }) => ({
          seq,
          eventId,
          operation,
          type,
          agent,
          correlationId,
          data,
        })),
      }
    },
  }
}
