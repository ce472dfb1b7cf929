import { type Outcome, refuse } from '../economy/refusal.ts'
import type { BourseEvent } from '../events/envelope.ts'
import { criteriaOf } from '../scenario/checks/judge-checks.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { validateTrial as judgeByEvents } from '../scenario/validate-trial.ts'
import type { Verdict } from '../scenario/verdict.ts'
import type { AgentUnderTest } from './agent-under-test.ts'
import { closeMarket } from './close-market.ts'
import type { HandedOn } from './handed-on.ts'
import { type JudgeParts, judgeTrial } from './judge-trial.ts'
import { canonicalJson, makeManifest } from './manifest.ts'
import { orderScenarios, planTrials, promptBoundary, runProblem } from './plan-run.ts'
import { runAgentUnderTest, type StartAgent } from './run-agent.ts'
import { readRunRequest } from './run-request.ts'
import type { RunStore, StoredTrial } from './run-store.ts'
import { giveTask, setUpMarket, TrialRefused } from './set-up-market.ts'
import {
  AGENT,
  type PlannedRun,
  type RanAgent,
  type TrialAttempt,
  type TrialResult,
  type TrialStage,
  type TrialSubject,
  trialMarketId,
} from './trial.ts'
import type { TrialParts } from './trial-parts.ts'
import { eventsOfVerdict } from './trial-record.ts'

/** What runs of the benchmark are made of. */
export interface BenchmarkParts {
  trials: TrialParts
  store: RunStore
  startAgent: StartAgent
  /** The scenarios and agents of the checkout. */
  catalogue: {
    scenarios(): Promise<Outcome<{ scenarios: ReadonlyMap<string, Scenario> }>>
    agent(name: string): Promise<Outcome<{ agent: AgentUnderTest }>>
  }
  judges: Omit<JudgeParts, 'wasTold'>
  /** Closes the markets in which a run's models have their tokens. */
  closeModels: (runId: string) => Promise<void>
  /** Known to this installation alone. */
  secret: () => Promise<string>
  /** The version of Bourse. */
  version: string
}

export type BenchmarkRuns = ReturnType<typeof createBenchmarkRuns>

/** Runs and their steps. Each step finds what was done before, so that any worker may do it again after a crash. */
export function createBenchmarkRuns(parts: BenchmarkParts) {
  const { trials, store } = parts

  async function plan(
    runId: string,
    request: Record<string, unknown> | null,
  ): Promise<Outcome<{ plan: PlannedRun }>> {
    const isThere = (await store.readRun(runId)).ok
    if (request !== null || !isThere) {
      const made = await makeRun(runId, request ?? {})
      if (!made.ok) return made
    }
    const run = await store.readRun(runId)
    if (!run.ok) return run
    const begun = await store.beginRun(runId)
    if (!begun.ok) return begun
    return { ok: true, plan: planTrials(run.manifest, run.inputs) }
  }

  async function makeRun(runId: string, content: Record<string, unknown>): Promise<Outcome<object>> {
    const read = readRunRequest(content)
    if (!read.ok) return read
    const { request } = read
    const known = await parts.catalogue.scenarios()
    if (!known.ok) return known
    const described = await parts.catalogue.agent(request.agent)
    if (!described.ok) return described
    const ordered = orderScenarios(request.scenarios ?? [...known.scenarios.keys()], known.scenarios)
    if (!ordered.ok) return ordered
    const inputs = { scenarios: ordered.scenarios, agent: described.agent }
    const problem = runProblem(request, inputs)
    if (problem !== null) return problem
    return await store.createRun(makeManifest(runId, inputs, request, parts.version), inputs)
  }

  async function prepare(subject: TrialSubject): Promise<Outcome<{ stage: TrialStage }>> {
    const found = await findScenario(subject)
    if (!found.ok) return found
    const last = await store.readTrial(subject)
    if (last?.status === 'finished' && last.verdict !== null) {
      return { ok: true, stage: { stage: 'finished', result: resultOf(last) } }
    }
    const secondsMax = Math.min(found.agent.limits.seconds, found.scenario.task.deadline_seconds)
    if (last !== null && waitsForJudgement(last)) {
      const { attempt, marketId } = last
      return { ok: true, stage: { stage: 'judge', attempt, marketId, secondsMax } }
    }
    if (last?.status === 'running') await fail(last, 'nobody came back to it')
    const attempt = last === null ? 1 : last.status === 'preparing' ? last.attempt : last.attempt + 1
    const marketId = trialMarketId({ ...subject, attempt })
    const begun = await store.beginAttempt({ ...subject, attempt }, marketId)
    if (!begun.ok) return begun
    const made = await setUpOrRefuse(
      trials,
      marketId,
      found.scenario,
      await handedOnTo(found.scenario, subject),
    )
    if (!made.ok) {
      await fail({ ...subject, attempt }, made.error.message)
      return made
    }
    return { ok: true, stage: { stage: 'run', attempt, marketId, secondsMax } }
  }

  async function runAgent(attempt: TrialAttempt, runner: string, signal: AbortSignal): Promise<RanAgent> {
    const { scenario, agent, marketId } = await foundOrThrow(attempt)
    if (!(await store.startAttempt(attempt, runner))) return await whatBecame(attempt)
    let costMicro = 0
    try {
      const handedOn = await handedOnTo(scenario, attempt)
      await giveTask(trials, marketId, scenario, handedOn)
      const { runId, trial } = attempt
      const run = await runAgentUnderTest(trials, parts.startAgent, {
        agent,
        runId,
        scenario,
        trial,
        marketId,
        signal,
        onCost: spentMicro => {
          costMicro = spentMicro
        },
      })
      const events = await trials.collect(marketId, run.endSeq)
      const artefacts = { ...(await artefactsOf(marketId, events)) }
      costMicro += await trials.readModelCost(marketId)
      const isOurs = await store.endAttempt(attempt, runner, { ...run, costMicro, artefacts })
      return isOurs ? { outcome: 'ended', termination: run.termination } : await whatBecame(attempt)
    } catch (error) {
      await store.addCost(attempt, costMicro)
      return { outcome: 'interrupted', problem: (error as Error).message }
    }
  }

  /** Somebody else ran the agent: it ended, or whoever ran it went away. It is not run again. */
  async function whatBecame(attempt: TrialAttempt): Promise<RanAgent> {
    const stored = await store.readTrial(attempt)
    if (stored?.attempt === attempt.attempt && stored.termination !== null) {
      return { outcome: 'ended', termination: stored.termination }
    }
    return { outcome: 'interrupted', problem: stored?.problem ?? 'the worker that ran the agent went away' }
  }

  async function artefactsOf(marketId: string, events: readonly BourseEvent[]): Promise<HandedOn> {
    const output = events.findLast(event => event.type === 'output_submitted' && event.agent_id === AGENT)
    const proposed = await trials.readProposed(marketId, AGENT)
    const files = await trials.readFiles(marketId, AGENT)
    return {
      ...(output?.type === 'output_submitted' ? { output: output.data.output } : {}),
      ...(proposed === null ? {} : { proposed_change: proposed }),
      ...(files === null ? {} : { modified_program: files }),
    }
  }

  async function collect(attempt: TrialAttempt): Promise<{ events: number }> {
    const { marketId, endSeq } = await endedOrThrow(attempt)
    return { events: (await trials.collect(marketId, endSeq!)).length }
  }

  async function judge(
    attempt: TrialAttempt,
    signal: AbortSignal,
    round = 1,
  ): Promise<{ problem: string | null }> {
    const { scenario, judges } = await foundOrThrow(attempt)
    const criteria = Object.keys(criteriaOf(scenario))
    if (criteria.length === 0) return { problem: null }
    const { marketId, endSeq } = await endedOrThrow(attempt)
    const events = await trials.collect(marketId, endSeq!)
    const boundary = promptBoundary(await parts.secret(), marketId, round)
    const { runId } = attempt
    const asked = { runId, scenario, marketId, events, boundary, round, signal }
    const judging = { ...parts.judges, wasTold: trials.wasTold }
    const outcomes = await Promise.all(judges.map(one => judgeTrial(judging, one, asked)))
    await store.addCost(
      attempt,
      outcomes.reduce((sum, outcome) => sum + outcome.costMicro, 0),
    )
    return { problem: outcomes.find(outcome => outcome.problem !== null)?.problem ?? null }
  }

  async function validateTrial(attempt: TrialAttempt, again = false): Promise<TrialResult> {
    const { scenario } = await foundOrThrow(attempt)
    const { marketId, endSeq } = await endedOrThrow(attempt)
    const verdictSeq = await trials.readLastSeq(marketId)
    const events = await trials.collect(marketId, verdictSeq)
    const verdict = decide(scenario, events, { endSeq: endSeq!, verdictSeq })
    await store.storeVerdict(attempt, { verdict: canonicalJson(verdict), verdictSeq, again })
    return resultOf((await store.readTrial(attempt))!)
  }

  /** Asks the judges of a trial anew and decides it again; null: its agent never ended. `round` names the asking. */
  async function rejudge(
    subject: TrialSubject,
    round: number,
    signal: AbortSignal,
  ): Promise<TrialResult | null> {
    const stored = await store.readTrial(subject)
    if (stored === null || stored.endSeq === null) return null
    const { problem } = await judge(stored, signal, round)
    if (problem !== null) return { ...resultOf(stored), outcome: 'infrastructure', score: null, problem }
    return await validateTrial(stored, true)
  }

  async function close(attempt: TrialAttempt): Promise<void> {
    await closeMarket(trials, trialMarketId(attempt))
  }

  async function fail(attempt: TrialAttempt, problem: string): Promise<TrialResult> {
    await store.failAttempt(attempt, problem)
    await close(attempt)
    return resultOf((await store.readTrial(attempt))!)
  }

  /** Ends what was begun of a trial, whatever attempt that was; null: nothing was. */
  async function abandon(subject: TrialSubject, problem: string): Promise<TrialResult | null> {
    const last = await store.readTrial(subject)
    if (last === null) return null
    return last.status === 'finished' ? resultOf(last) : await fail(last, problem)
  }

  async function finish(runId: string): Promise<void> {
    await parts.closeModels(runId)
    await store.finishRun(runId)
  }

  async function findScenario({ runId, scenarioId, trial }: TrialSubject) {
    const run = await store.readRun(runId)
    if (!run.ok) return run
    const scenario = run.inputs.scenarios.find(one => one.id === scenarioId)
    if (scenario === undefined || trial > run.manifest.trials) {
      return refuse('unknown_trial', `run ${runId} has no trial ${trial} of ${scenarioId}`, 'scenario')
    }
    return { ok: true as const, scenario, agent: run.inputs.agent, judges: run.manifest.judges }
  }

  async function foundOrThrow(attempt: TrialAttempt) {
    const found = await findScenario(attempt)
    if (!found.ok) throw new Error(found.error.message)
    return { ...found, marketId: trialMarketId(attempt) }
  }

  async function endedOrThrow(attempt: TrialAttempt): Promise<StoredTrial> {
    const stored = await store.readTrial(attempt)
    if (stored === null || stored.attempt !== attempt.attempt || stored.endSeq === null) {
      throw new Error(`trial ${attempt.trial} of ${attempt.scenarioId} in run ${attempt.runId} has not ended`)
    }
    return stored
  }

  /** What the scenario before this one handed on, in the same trial. */
  async function handedOnTo({ follows }: Scenario, { runId, trial }: TrialSubject): Promise<HandedOn> {
    if (follows === undefined) return {}
    const before = await store.readTrial({ runId, scenarioId: follows.scenario, trial })
    const made = before?.artefacts ?? {}
    return Object.fromEntries(
      follows.artefacts.filter(name => made[name] !== undefined).map(name => [name, made[name]]),
    )
  }

  return {
    plan,
    prepare,
    runAgent,
    collect,
    judge,
    validate: validateTrial,
    rejudge,
    close,
    fail,
    abandon,
    finish,
    leave: (runId: string) => parts.closeModels(runId),
  }
}

async function setUpOrRefuse(...given: Parameters<typeof setUpMarket>): ReturnType<typeof setUpMarket> {
  try {
    return await setUpMarket(...given)
  } catch (error) {
    if (!(error instanceof TrialRefused)) throw error
    return refuse('invalid_scenario', error.message, 'scenario')
  }
}

/** Whether the agent's time ended by itself and nobody decided it yet: then it is judged, and not run again. */
function waitsForJudgement({ status, verdict, endSeq, termination }: StoredTrial): boolean {
  if (status === 'ended') return true
  return status === 'finished' && verdict === null && endSeq !== null && termination?.reason !== 'cancelled'
}

/** The verdict of a trial, from its events alone. */
export function decide(
  scenario: Scenario,
  events: readonly BourseEvent[],
  bounds: { endSeq: number; verdictSeq: number },
): Verdict {
  return judgeByEvents(scenario, { agent: AGENT, events: eventsOfVerdict(events, bounds) })
}

/** A trial that is over, in short. */
export function resultOf(trial: StoredTrial): TrialResult {
  const { runId, scenarioId, attempt, marketId, problem, termination, costMicro } = trial
  const verdict = trial.verdict === null ? null : (JSON.parse(trial.verdict) as Verdict)
  const without = problem === 'cancelled' ? 'cancelled' : 'infrastructure'
  return {
    runId,
    scenarioId,
    trial: trial.trial,
    attempt,
    marketId,
    outcome: verdict === null ? without : verdict.passed ? 'passed' : 'failed',
    score: verdict?.score ?? null,
    problem,
    termination: termination?.reason ?? null,
    costMicro,
  }
}
