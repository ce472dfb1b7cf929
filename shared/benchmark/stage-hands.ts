import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../economy/refusal.ts'
import type { BourseEvent } from '../events/envelope.ts'
import type { Hook } from '../scenario/injection.ts'
import { findMatches } from '../scenario/match-event.ts'
import type { Rival } from '../scenario/rival.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { microOf } from '../scenario/seeded-fields.ts'
import type { SeededService } from '../scenario/service.ts'
import { orderTrial } from '../scenario/trial-events.ts'
import { done, pricesMicroOf } from './set-up-market.ts'
import { AGENT } from './trial.ts'
import type { TrialParts } from './trial-parts.ts'

const ACTOR = 'benchmark'
/** What is taken from an agent that spends meanwhile is read again this often. */
const TAKES_MAX = 10
/**
 * Refusals that come of what agents did: somebody spent its credits, died or is over with it. Then the thing is not done,
 * as nobody else could do it. Every other refusal says that the scenario asks for what cannot be.
 */
const OVERTAKEN = ['insufficient_balance', 'agent_not_alive', 'agent_frozen', 'call_over', 'lease_ended']

/** What goes on around an agent under test. */
export interface StageHands {
  /** Told of every event, in order. */
  saw(event: BourseEvent): void
  /** Rejects when something that the scenario asks for could not be done. */
  failed: Promise<never>
  /** Nothing is done any more when this resolves. */
  leave(): Promise<void>
}

/**
 * Plays everybody but the agent under test: rivals bid, providers answer, and what the scenario injects is done, each by a
 * change of the market's state under a key of its own. `signal` ends it.
 */
export function callStageHands(parts: TrialParts, marketId: string, scenario: Scenario): StageHands {
  const { services, rivals } = scenario.initial_state.seeded
  const stopped = new AbortController()
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  failed.catch(() => {})
  const underWay = new Set<Promise<void>>()
  const bidding = new Map<string, AbortController>()
  const failing = new Set<string>()
  const calls = new Map<string, number>()
  const seen: BourseEvent[] = []
  const injected = new Set<string>()

  function later(delayMs: number, act: () => Promise<void>, signal = stopped.signal): void {
    const task = (async () => {
      try {
        await delay(delayMs, undefined, { signal })
        await act()
      } catch (error) {
        if (!signal.aborted && !stopped.signal.aborted) fail(error)
      }
    })()
    underWay.add(task)
    void task.finally(() => underWay.delete(task))
  }

  function startRival(rival: Rival): void {
    if (bidding.has(rival.id)) return
    const ends = new AbortController()
    stopped.signal.addEventListener('abort', () => ends.abort(), { once: true })
    bidding.set(rival.id, ends)
    const { strategy } = rival
    if (strategy.kind === 'sequence') {
      for (const [n, { after_ms, amount, bundle }] of strategy.bids.entries()) {
        later(after_ms, () => bidFor(rival.id, `rival/${n}`, amount, bundle), ends.signal)
      }
      return
    }
    const { amount, bundle, every_ms, times } = strategy
    const again = (n: number) =>
      later(
        n === 0 ? 0 : every_ms,
        async () => {
          await bidFor(rival.id, `rival/${n}`, amount, bundle)
          if (n + 1 < times) again(n + 1)
        },
        ends.signal,
      )
    again(0)
  }

  /** A rival's bid may be refused, as anybody's: it has no more credits, or too many open bids. */
  async function bidFor(
    agent: string,
    key: string,
    amount: string,
    bundle: Record<string, number>,
  ): Promise<void> {
    await parts.economy.admitBids(marketId, [
      { agent, bid: { amount, bundle, key }, via: 'cli', actor: ACTOR },
    ])
  }

  function answerCall(event: Extract<BourseEvent, { type: 'service_requested' }>): void {
    const { provider_agent: provider, service_name: service, call_id: callId } = event.data
    const offered = services.find(one => one.provider === provider && one.service === service)
    const name = `${provider}/${service}`
    const n = calls.get(name) ?? 0
    calls.set(name, n + 1)
    const answer = offered === undefined ? undefined : answerOf(offered, n)
    if (answer === undefined) return
    later(answer.delay_ms, async () => {
      const succeeded = answer.ok && !failing.has(name)
      const result = succeeded || !answer.ok ? answer.result : { error: 'out of order' }
      const key = `answer/${callId}`
      doneUnlessOvertaken(
        await parts.services.answer({
          marketId,
          provider,
          callId,
          succeeded,
          result: result ?? null,
          key,
        }),
      )
    })
  }

  /** Takes so many available credits, or all there are. A refusal is kept under its key: each try has its own. */
  async function takeCredits(
    key: string,
    { agent, amount, reason }: Extract<Hook, { hook: 'take_credits' }>,
  ): Promise<void> {
    let wantedMicro = microOf(amount)
    for (let n = 0; n < TAKES_MAX && wantedMicro > 0n; n++) {
      const amountMicro = -wantedMicro
      const taken = await parts.ledger.adjust({
        marketId,
        agent,
        amountMicro,
        reason,
        actor: ACTOR,
        key: `${key}/${n}`,
      })
      if (taken.ok || taken.error.available === undefined) return doneUnlessOvertaken(taken)
      wantedMicro = microOf(taken.error.available)
    }
  }

  async function inject(name: string, hook: Hook): Promise<void> {
    const key = `injection/${name}`
    switch (hook.hook) {
      case 'set_prices':
        return await parts.postPrices({ marketId, key, pricesMicro: pricesMicroOf(hook.prices) })
      case 'set_rules':
        return void done(await parts.economy.changeRules(marketId, hook.rules, ACTOR))
      case 'grant': {
        const { agent, amount, reason } = hook
        const amountMicro = microOf(amount)
        return doneUnlessOvertaken(
          await parts.ledger.grant({ marketId, agent, amountMicro, reason, actor: ACTOR, key }),
        )
      }
      case 'take_credits':
        return await takeCredits(key, hook)
      case 'freeze_agent':
      case 'unfreeze_agent': {
        const { agent, reason } = hook
        const change = hook.hook === 'freeze_agent' ? 'freezeAgent' : 'unfreezeAgent'
        return doneUnlessOvertaken(await parts.identity[change]({ marketId, agent, reason, actor: ACTOR }))
      }
      case 'take_supply':
        return await bidFor(hook.agent, key, hook.amount, hook.bundle)
      case 'start_rival':
        return startRival(rivals.find(one => one.id === hook.rival)!)
      case 'stop_rival':
        return bidding.get(hook.rival)?.abort()
      case 'fail_service':
        return void failing.add(`${hook.provider}/${hook.service}`)
      case 'restore_service':
        return void failing.delete(`${hook.provider}/${hook.service}`)
      case 'send_message': {
        const { from, to, text } = hook
        return doneUnlessOvertaken(await parts.sendMessage({ marketId, from, to, text, key }))
      }
      case 'pay': {
        const { from, to, amount, purpose } = hook
        const amountMicro = microOf(amount)
        return doneUnlessOvertaken(
          await parts.ledger.transfer({ marketId, from, to, amountMicro, purpose, key }),
        )
      }
      case 'pause_market':
        return void done(await parts.economy.pauseMarket(marketId, ACTOR))
      case 'resume_market':
        return void done(await parts.economy.resumeMarket(marketId, ACTOR))
      case 'revoke_leases': {
        const { agent, refund, reason } = hook
        for (const leaseId of await parts.listActiveLeases(marketId, agent)) {
          doneUnlessOvertaken(
            await parts.identity.revokeLease({ marketId, leaseId, refund, reason, actor: ACTOR }),
          )
        }
        return
      }
    }
  }

  for (const rival of rivals) if (rival.begins === 'at_start') startRival(rival)
  for (const { name, when, do: hook } of scenario.injections) {
    if ('after_ms' in when) later(when.after_ms, () => inject(name, hook))
  }

  return {
    failed,
    saw(event) {
      if (event.type === 'service_requested') answerCall(event)
      seen.push(event)
      for (const { name, when, do: hook } of scenario.injections) {
        if (!('after_event' in when) || injected.has(name) || when.after_event.type !== event.type) continue
        const trial = orderTrial({ agent: AGENT, events: seen })
        if (findMatches(trial, when.after_event, new Map()).satisfied.length < when.times) continue
        injected.add(name)
        later(when.delay_ms, () => inject(name, hook))
      }
    },
    async leave() {
      stopped.abort()
      await Promise.all(underWay)
    },
  }
}

function doneUnlessOvertaken(outcome: Outcome<object>): void {
  if (!outcome.ok && OVERTAKEN.includes(outcome.error.code)) return
  done(outcome)
}

function answerOf({ answers }: SeededService, n: number): SeededService['answers'][number] | undefined {
  return answers[Math.min(n, answers.length - 1)]
}
