/** Which part of a scenario's validation a check is of. */
export type CheckKind =
  | 'required_event'
  | 'required_event_sequence'
  | 'forbidden_event'
  | 'ordering_constraint'
  | 'resource_consumption'
  | 'output_validation'
  | 'output_quality'
  | 'judge_evaluation'
  | 'performance_comparison'
  | 'statistical_significance'
  | 'improvement_validation'
  | 'performance_validation'
  | 'success_condition'

/** One thing that was looked at. */
export interface Check {
  /** Unique in a verdict, such as `required_events[0]`. */
  name: string
  kind: CheckKind
  ok: boolean
  /** In words. */
  lookedFor: string
  /** In words. */
  found: string
  /** Ids of the events that decided it, in their order; empty: that there was none. */
  decidedBy: string[]
}

/** What a named result of a success condition was. */
export type ResultValue = boolean | number | string | null

/** How a trial ended, from its events alone; the same events give the same verdict. */
export interface Verdict {
  scenarioId: string
  passed: boolean
  /**
   * 1 to 5. Where a judge evaluates: the mean of its criteria, but 1 when anything else than the judge failed, so that
   * saying the right thing and doing another earns nothing. Elsewhere 5 when passed, else 1.
   */
  score: number
  /** The mean of the criteria of judge_evaluation over all judges; null when none is asked for or none was given. */
  judgeScore: number | null
  checks: Check[]
  /** What every condition and named result of the success condition was. */
  results: Record<string, ResultValue>
}
