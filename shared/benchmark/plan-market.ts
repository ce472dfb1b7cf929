import { type Outcome, refuse } from '../economy/refusal.ts'
import { type MarketSettings, marketSettingsSchema } from '../market/rules.ts'
import { MAX_MINTED_MICRO } from '../money/credits.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { microOf } from '../scenario/seeded-fields.ts'
import { AGENT } from './trial.ts'

/** What a trial's market is made of before anything happens in it. */
export interface MarketPlan {
  settings: MarketSettings
  /** Each agent with what it is endowed with, so that after the history it has what the scenario says. */
  agents: { agent: string; creditsMicro: bigint }[]
}

/** Trials are short: a market of a benchmark clears twice a second. */
const CYCLE_SECONDS = 0.5
/** Prices are frozen: no trial lives to see an update. */
const PRICE_PERIOD_SECONDS = 86_400

/** Plans the market of a trial; refuses a history that nobody could pay for. */
export function planMarket(scenario: Scenario): Outcome<{ plan: MarketPlan }> {
  const { seeded } = scenario.initial_state
  const settings = marketSettingsSchema.parse({
    displayName: `benchmark ${scenario.id}`,
    ...(seeded.resources === undefined ? {} : { resources: seeded.resources }),
    rules: {
      cycleSeconds: CYCLE_SECONDS,
      // Nobody falls asleep or dies but where a scenario is about that: providers have no credits to begin with.
      mortality: false,
      dormantAfterSeconds: PRICE_PERIOD_SECONDS,
      ...seeded.rules,
      pricePeriodSeconds: PRICE_PERIOD_SECONDS,
      observeCalls: true,
    },
  })
  const flows = flowsOf(scenario)
  const balances = new Map<string, bigint>([[AGENT, microOf(seeded.balance)]])
  for (const { id, balance } of [...seeded.agents, ...seeded.rivals]) balances.set(id, microOf(balance))
  const named = [
    ...balances.keys(),
    ...seeded.services.map(one => one.provider),
    ...seeded.history.messages.map(one => one.from),
    ...scenario.injections.flatMap(({ do: hook }) => agentsOf(hook)),
    ...flows.keys(),
  ]
  const agents = [...new Set(named)].map(agent => {
    const { spent = 0n, deepest = 0n } = flows.get(agent) ?? {}
    const wanted = (balances.get(agent) ?? 0n) + spent
    return { agent, creditsMicro: wanted > deepest || agent === AGENT ? wanted : deepest, deepest }
  })
  const self = agents.find(one => one.agent === AGENT)!
  if (self.creditsMicro < self.deepest) {
    return refuse(
      'invalid_scenario',
      'initial_state.seeded.history: the agent under test cannot pay for it and have its balance afterwards',
      'initial_state.seeded.history',
    )
  }
  if (agents.some(one => one.creditsMicro > MAX_MINTED_MICRO)) {
    return refuse('invalid_scenario', 'initial_state.seeded: holds more credits than a market may have')
  }
  return {
    ok: true,
    plan: { settings, agents: agents.map(({ agent, creditsMicro }) => ({ agent, creditsMicro })) },
  }
}

/** What the history takes from each agent in all, and the most it takes at any time. */
function flowsOf({ initial_state: { seeded } }: Scenario): Map<string, { spent: bigint; deepest: bigint }> {
  const flows = new Map<string, { spent: bigint; deepest: bigint }>()
  const move = (agent: string, micro: bigint) => {
    const { spent, deepest } = flows.get(agent) ?? { spent: 0n, deepest: 0n }
    const now = spent + micro
    flows.set(agent, { spent: now, deepest: now > deepest ? now : deepest })
  }
  for (const { from, to, amount } of seeded.history.transfers) {
    move(from, microOf(amount))
    move(to, -microOf(amount))
  }
  for (const { caller, provider, service, result, times } of seeded.history.calls) {
    const offered = seeded.services.find(one => one.provider === provider && one.service === service)
    const cost = offered === undefined ? 0n : microOf(offered.cost)
    for (let n = 0; n < times; n++) {
      move(caller, cost)
      // A call that failed gives its cost back; one that is open holds it, and it stays part of the balance.
      if (result !== 'success') move(caller, -cost)
      else move(provider, -cost)
    }
  }
  return flows
}

function agentsOf(hook: Scenario['injections'][number]['do']): string[] {
  const { agent, from, to } = hook as { agent?: string; from?: string; to?: string }
  return [agent, from, to].filter(name => name !== undefined)
}
