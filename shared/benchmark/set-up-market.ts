import type { Outcome, Refusal } from '../economy/refusal.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { microOf } from '../scenario/seeded-fields.ts'
import { agentTask } from '../scenario/situation.ts'
import { type HandedOn, toldHandedOn } from './handed-on.ts'
import { planMarket } from './plan-market.ts'
import { AGENT } from './trial.ts'
import type { TrialParts } from './trial-parts.ts'

const HISTORY_TIMEOUT_SECONDS = 3_600

/**
 * Makes the market of a trial as its scenario says: agents, services, history, prices, program and task. Every step has a
 * key of its own, so that doing it again after a crash changes nothing. Throws TrialRefused.
 */
export async function setUpMarket(
  parts: TrialParts,
  marketId: string,
  scenario: Scenario,
  handedOn: HandedOn,
): Promise<Outcome<{ marketId: string }>> {
  const planned = planMarket(scenario)
  if (!planned.ok) return planned
  const { settings, agents } = planned.plan
  const { seeded } = scenario.initial_state
  unless('market_exists', await parts.economy.createMarket(marketId, settings, { scenarioId: scenario.id }))
  for (const { agent, creditsMicro } of agents) {
    unless('agent_exists', await parts.economy.registerAgent({ marketId, agent, creditsMicro }))
  }
  for (const { provider, service, cost, specification } of seeded.services) {
    const key = `set-up/service/${service}`
    const costMicro = microOf(cost)
    done(await parts.services.register({ marketId, provider, service, costMicro, specification, key }))
  }
  await makeHistory(parts, marketId, scenario)
  if (seeded.prices !== undefined) {
    await parts.postPrices({ marketId, key: 'set-up/prices', pricesMicro: pricesMicroOf(seeded.prices) })
  }
  if (seeded.workspace !== undefined) {
    await parts.giveWorkspace(marketId, AGENT, seeded.workspace, {
      ...(handedOn.modified_program === undefined ? {} : { files: handedOn.modified_program }),
      ...(handedOn.proposed_change === undefined ? {} : { proposed: handedOn.proposed_change }),
    })
  }
  return { ok: true, marketId }
}

/** Gives the agent its task; its deadline counts from now. */
export async function giveTask(
  parts: TrialParts,
  marketId: string,
  scenario: Scenario,
  handedOn: HandedOn,
): Promise<void> {
  const task = agentTask(scenario, { ...toldHandedOn(marketId, handedOn) })
  await parts.giveTask(marketId, AGENT, task, scenario.task.deadline_seconds)
}

/** Prices in micro-credits by resource. */
export function pricesMicroOf(prices: Record<string, string>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(prices).map(([resource, price]) => [resource, Number(microOf(price))]),
  )
}

async function makeHistory(parts: TrialParts, marketId: string, scenario: Scenario): Promise<void> {
  const { services, history } = scenario.initial_state.seeded
  for (const [place, { from, to, amount, purpose }] of history.transfers.entries()) {
    const key = `set-up/transfer/${place}`
    done(await parts.ledger.transfer({ marketId, from, to, amountMicro: microOf(amount), purpose, key }))
  }
  for (const [place, call] of history.calls.entries()) {
    const offered = services.find(one => one.provider === call.provider && one.service === call.service)
    for (let n = 0; n < call.times; n++) {
      const key = `set-up/call/${place}/${n}`
      const placed = done(
        await parts.services.invoke({
          marketId,
          caller: call.caller,
          provider: call.provider,
          service: call.service,
          arguments: {},
          maxCostMicro: null,
          timeoutSeconds: HISTORY_TIMEOUT_SECONDS,
          key,
          traceparent: null,
        }),
      )
      if (call.result === 'open') continue
      const succeeded = call.result === 'success'
      const result = succeeded ? (offered?.answers[0]?.result ?? null) : null
      const { callId } = placed
      done(
        await parts.services.answer({
          marketId,
          provider: call.provider,
          callId,
          succeeded,
          result,
          key: `${key}/answer`,
        }),
      )
    }
  }
  for (const [place, { from, text }] of history.messages.entries()) {
    done(await parts.sendMessage({ marketId, from, to: AGENT, text, key: `set-up/message/${place}` }))
  }
}

/** The economy refused what a scenario asks for: trying again would not help. */
export class TrialRefused extends Error {
  constructor({ error }: Refusal) {
    super(`${error.code}: ${error.message}`)
    this.name = 'TrialRefused'
  }
}

/** What was done. Throws TrialRefused: what a scenario asks for must be possible. */
export function done<T extends object>(outcome: Outcome<T>): { ok: true } & T {
  if (outcome.ok) return outcome
  throw new TrialRefused(outcome)
}

function unless(code: string, outcome: Outcome<object>): void {
  if (!outcome.ok && outcome.error.code !== code) done(outcome)
}
