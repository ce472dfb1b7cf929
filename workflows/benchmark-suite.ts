import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  condition,
  defineQuery,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { PlannedTrial, TrialOutcome, TrialResult } from '../shared/benchmark/trial.ts'
import { searchAttributesOf } from '../shared/contracts/search-attributes.ts'
import {
  queries,
  type SuiteState,
  scenarioWorkflowId,
  suiteWorkflowId,
} from '../shared/contracts/workflows.ts'
import { benchmarkSteps, judgeSteps } from './benchmark-activity-options.ts'
import { benchmarkScenario } from './benchmark-scenario.ts'
import { invalidInput, readInput, requireWorkflowId } from './input.ts'
import { reasonOf, refusalOnTop } from './refusal-on-top.ts'

export const state = defineQuery<SuiteState>(queries.state)

const RUN_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,23}$/
/** A trial that another suite's workflow began is looked at so often, at growing intervals: for about a day. */
const LOOKS_MAX = 3_000
const LOOK_MS = 1_000
const LOOK_MS_MAX = 30_000
const INPUT_KEYS = [
  'runId',
  'scenarios',
  'agent',
  'trials',
  'judges',
  'selfJudged',
  'parallel',
  'seed',
  'maxCost',
  'rejudge',
] as const

/**
 * A run: every trial of every scenario, so many at once, each a workflow of its own. A trial that follows another scenario
 * waits for that one. Cancelled, it cancels what runs; started again under its id it goes on where it was. With
 * `rejudge: true` no agent runs: the judges of trials that are over are asked anew.
 */
export async function benchmarkSuite(input?: Record<string, unknown>): Promise<SuiteState> {
  const { runId: given, rejudge = false, ...request } = readInput(input, INPUT_KEYS)
  const runId = given ?? workflowInfo().workflowId.split('/')[1]
  if (typeof runId !== 'string' || !RUN_ID_PATTERN.test(runId)) {
    throw invalidInput(
      'runId',
      'must be 1 to 24 of a-z, 0-9 and "-", in the input or in the workflow id suite/<run>',
    )
  }
  requireWorkflowId(suiteWorkflowId(runId))
  if (typeof rejudge !== 'boolean') throw invalidInput('rejudge', 'must be true or false')
  try {
    return await run(runId, request, rejudge ? workflowInfo().startTime.getTime() : null)
  } catch (error) {
    throw refusalOnTop(error)
  }
}

/** `round`: names the asking of judges anew; null: trials are run. */
async function run(
  runId: string,
  request: Record<string, unknown>,
  round: number | null,
): Promise<SuiteState> {
  const { planRun, finishRun, leaveRun, abandonTrial } = benchmarkSteps()
  const whole = CancellationScope.current()
  const plan = await planRun.executeWithOptions({ summary: 'which trials?' }, [
    { runId, request: Object.keys(request).length === 0 ? null : request },
  ])
  const running = new Map<string, PlannedTrial>()
  const over = new Set<string>()
  const done: Record<TrialOutcome, number> = {
    passed: 0,
    failed: 0,
    infrastructure: 0,
    cancelled: 0,
    not_run: 0,
  }
  const waiting = [...plan.trials]
  let costMicro = 0
  let failure: unknown = null
  const seen = (): SuiteState => ({
    runId,
    trials: plan.trials.length,
    running: [...running.keys()],
    done: { ...done },
    costMicro,
  })
  setHandler(state, seen, {
    description: 'How many trials there are, run, and how the others ended. Takes nothing.',
  })

  while (waiting.length > 0 || running.size > 0) {
    while (running.size < plan.parallel && failure === null) {
      const place = waiting.findIndex(isFree)
      if (place < 0) break
      const [next] = waiting.splice(place, 1)
      if (plan.costMicroMax !== null && costMicro >= plan.costMicroMax) leaveOut(next!)
      else void begin(next!)
    }
    if (failure !== null && running.size === 0) {
      await CancellationScope.nonCancellable(() => leaveRun({ runId }))
      throw failure
    }
    show()
    const ended = over.size
    // A cancel reaches the trials by themselves; how they end is waited for.
    if (running.size > 0) await CancellationScope.nonCancellable(() => condition(() => over.size > ended))
  }
  await finishRun.executeWithOptions({ summary: 'aggregate' }, [{ runId }])
  show()
  return seen()

  function isFree({ after, trial }: PlannedTrial): boolean {
    return after === null || over.has(nameOf({ scenarioId: after, trial }))
  }

  function leaveOut(trial: PlannedTrial): void {
    done.not_run += 1
    over.add(nameOf(trial))
  }

  async function begin(trial: PlannedTrial): Promise<void> {
    const name = nameOf(trial)
    running.set(name, trial)
    try {
      const result = await (round === null ? runTrial(runId, trial) : rejudgeTrial(runId, trial, round))
      done[result?.outcome ?? 'not_run'] += 1
      costMicro += result?.costMicro ?? 0
    } catch (error) {
      done[isCancellation(error) ? 'cancelled' : 'infrastructure'] += 1
      // One trial that somebody cancelled by itself is no reason to end the others.
      if (whole.consideredCancelled) failure ??= error
      if (round === null && patched('trials-given-up')) await giveUp(trial, error)
    } finally {
      running.delete(name)
      over.add(name)
    }
  }

  /** A trial whose workflow did not see it through, such as one that was terminated, is ended all the same. */
  async function giveUp({ scenarioId, trial }: PlannedTrial, error: unknown): Promise<void> {
    const problem = isCancellation(error) ? 'cancelled' : reasonOf(error)
    const abandoned = { runId, scenarioId, trial, problem }
    // What cannot be ended now is ended when the run is gone on with, or its markets are given up.
    await CancellationScope.nonCancellable(() => abandonTrial(abandoned)).catch(() => {})
  }

  function show(): void {
    const { passed, failed, infrastructure, cancelled, not_run } = done
    const left = waiting.length === 0 ? '' : `, ${waiting.length} to come`
    const other = [
      infrastructure > 0 ? `${infrastructure} without a verdict` : '',
      cancelled > 0 ? `${cancelled} cancelled` : '',
      not_run > 0 ? `${not_run} not run` : '',
    ].filter(text => text !== '')
    const lines = [
      `**Run ${runId}**: ${over.size} of ${plan.trials.length} trials are over, ${running.size} run${left}.`,
      '',
      `${[`${passed} passed`, `${failed} failed`, ...other].join(', ')}.`,
      '',
      ...[...running.keys()].map(name => `- ${name}`),
    ]
    setCurrentDetails(lines.join('\n'))
  }
}

/** Has a trial's workflow see it through. One that runs already, for a suite that was terminated, is waited for. */
async function runTrial(runId: string, { scenarioId, trial }: PlannedTrial): Promise<TrialResult> {
  const workflowId = scenarioWorkflowId(runId, scenarioId, trial)
  for (let look = 1; ; look++) {
    try {
      return await CancellationScope.cancellable(() =>
        executeChild(benchmarkScenario, {
          workflowId,
          args: [{ runId, scenario: scenarioId, trial }],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          staticSummary: `trial ${trial} of ${scenarioId} in run ${runId}`,
          typedSearchAttributes: searchAttributesOf({ scenario: scenarioId }),
        }),
      )
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || look > LOOKS_MAX) throw error
    }
    try {
      await sleep(Math.min(LOOK_MS * look, LOOK_MS_MAX))
    } catch (error) {
      await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(workflowId).cancel()).catch(
        () => {},
      )
      throw error
    }
  }
}

async function rejudgeTrial(
  runId: string,
  { scenarioId, trial }: PlannedTrial,
  round: number,
): Promise<TrialResult | null> {
  const summary = `judge trial ${trial} of ${scenarioId} anew`
  return await judgeSteps().rejudgeTrial.executeWithOptions({ summary }, [
    { runId, scenarioId, trial, round },
  ])
}

function nameOf({ scenarioId, trial }: Pick<PlannedTrial, 'scenarioId' | 'trial'>): string {
  return `${scenarioId}/${trial}`
}
