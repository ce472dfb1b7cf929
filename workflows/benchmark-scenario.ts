import { CancellationScope, isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { TrialAttempt, TrialResult, TrialSubject } from '../shared/benchmark/trial.ts'
import { type BenchmarkScenarioInput, scenarioWorkflowId } from '../shared/contracts/workflows.ts'
import { agentStep, benchmarkSteps, judgeSteps } from './benchmark-activity-options.ts'
import { invalidInput, readInput, requireWorkflowId } from './input.ts'
import { reasonOf, refusalOnTop } from './refusal-on-top.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** When our side fails while an agent runs, the trial begins anew in another market, so often in all. */
const ATTEMPTS_MAX = 3
const RUN_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,23}$/
const SCENARIO_ID_PATTERN = /^[a-z][a-z0-9_]{0,62}$/

/**
 * One trial of a scenario in a market of its own: set up, run the agent while things are injected, collect, judge,
 * validate, close. Every step finds what it did before; an agent is never run twice in one market. Cancelled, the agent is
 * ended and the market closed, and the trial can be resumed.
 */
export async function benchmarkScenario(input?: BenchmarkScenarioInput): Promise<TrialResult> {
  const { agent, ...subject } = readSubject(input)
  requireWorkflowId(scenarioWorkflowId(subject.runId, subject.scenarioId, subject.trial))
  setSearchAttributes({ scenario: subject.scenarioId }, 'search-attributes')
  try {
    if (agent !== undefined) {
      const { runId, scenarioId, trial } = subject
      await benchmarkSteps().planRun({ runId, request: { scenarios: [scenarioId], agent, trials: trial } })
    }
    return await seeThrough(subject)
  } catch (error) {
    throw refusalOnTop(error)
  }
}

async function seeThrough(subject: TrialSubject): Promise<TrialResult> {
  const { prepareTrial, failTrial } = benchmarkSteps()
  let reached: TrialAttempt | null = null
  try {
    for (let round = 1; ; round++) {
      tell(subject, 'is being prepared')
      const prepared = await prepareTrial.executeWithOptions({ summary: 'set up the market' }, [subject])
      if (prepared.stage === 'finished') return finished(prepared.result)
      const attempt: TrialAttempt = { ...subject, attempt: prepared.attempt }
      reached = attempt
      setSearchAttributes({ marketId: prepared.marketId, scenario: subject.scenarioId }, 'market')
      if (prepared.stage === 'run') {
        tell(subject, `runs in market ${prepared.marketId}`)
        const { runAgent } = agentStep(prepared.secondsMax)
        const ran = await runAgent.executeWithOptions({ summary: 'run the agent, and inject' }, [attempt])
        if (ran.outcome === 'interrupted') {
          const result = await failTrial({ ...attempt, problem: ran.problem })
          if (round < ATTEMPTS_MAX) continue
          return finished(result)
        }
      }
      return finished(await judge(attempt))
    }
  } catch (error) {
    const problem = isCancellation(error) ? 'cancelled' : reasonOf(error)
    if (reached === null) {
      await CancellationScope.nonCancellable(() => benchmarkSteps().abandonTrial({ ...subject, problem }))
      throw error
    }
    const attempt = reached
    const result = await CancellationScope.nonCancellable(() => failTrial({ ...attempt, problem }))
    if (isCancellation(error)) throw error
    return finished(result)
  }
}

async function judge(attempt: TrialAttempt): Promise<TrialResult> {
  const { collectTrial, validateTrial, closeTrial, failTrial } = benchmarkSteps()
  tell(attempt, 'is being judged')
  await collectTrial.executeWithOptions({ summary: 'collect its events from the stream' }, [attempt])
  const { judgeTrial } = judgeSteps()
  const { problem } = await judgeTrial.executeWithOptions({ summary: 'ask the judges' }, [attempt])
  if (problem !== null) return await failTrial({ ...attempt, problem })
  const result = await validateTrial.executeWithOptions({ summary: 'decide by the events' }, [attempt])
  await closeTrial.executeWithOptions({ summary: 'close the market' }, [attempt])
  return result
}

function tell({ scenarioId, trial, runId }: TrialSubject, what: string): void {
  setCurrentDetails(`Trial ${trial} of **${scenarioId}** in run ${runId} ${what}.`)
}

function finished(result: TrialResult): TrialResult {
  const { outcome, problem, score } = result
  const why = problem === null ? '' : `: ${problem}`
  tell(result, `is over: **${outcome}**${score === null ? '' : `, score ${score}`}${why}`)
  return result
}

function readSubject(input: unknown): TrialSubject & { agent: string | undefined } {
  const given = readInput(input, ['runId', 'scenario', 'trial', 'agent'])
  const [, runInId, scenarioInId, trialInId] = workflowInfo().workflowId.split('/')
  const runId = given.runId ?? runInId
  const scenarioId = given.scenario ?? scenarioInId
  const trial = given.trial ?? Number(trialInId)
  if (typeof runId !== 'string' || !RUN_ID_PATTERN.test(runId)) {
    throw invalidInput(
      'runId',
      'must be 1 to 24 of a-z, 0-9 and "-", as in the workflow id scenario/<run>/<scenario>/<trial>',
    )
  }
  if (typeof scenarioId !== 'string' || !SCENARIO_ID_PATTERN.test(scenarioId)) {
    throw invalidInput('scenario', 'must be the id of a scenario, such as fc_001')
  }
  if (!Number.isSafeInteger(trial) || (trial as number) < 1) {
    throw invalidInput('trial', 'must be a whole number from 1')
  }
  if (given.agent !== undefined && typeof given.agent !== 'string') {
    throw invalidInput('agent', 'must be the name of a file in agents/')
  }
  return { runId, scenarioId, trial: trial as number, agent: given.agent as string | undefined }
}
