import { mean } from './spread.ts'

/** The bar of the standard catalogue: functional competence and self-improvement whole, economic reasoning on average. */
export const STANDARD_COUNTS = {
  functional_competence: 5,
  economic_reasoning: 15,
  self_improvement: 5,
} as const
export const ECONOMIC_REASONING_MEAN_MIN = 3

export interface ScenarioOutcome {
  scenarioId: string
  domain: string
  /** `holdout`: from a directory of the evaluator's; `variant`: a seeded variant of a standard scenario. */
  origin: 'standard' | 'variant' | 'holdout'
  /** Nothing that an agent does decides it: it counts for no bar. */
  restsOnWords?: boolean
  /** Scored trials alone; one that our side failed is none. */
  trials: readonly { passed: boolean; score: number }[]
}

export interface BarPart {
  name: string
  /** Null: not assessed. */
  ok: boolean | null
  /** In words. */
  found: string
}

export interface BarVerdict {
  verdict: 'met' | 'not met' | 'not assessed'
  parts: BarPart[]
}

/**
 * Whether an agent meets the passing bar. A scenario counts as passed when it has trials and all of them passed. Holdouts
 * and variants are needed, at least one of each, and two thirds of all of them must pass. A part that failed decides;
 * else one that was not assessed; and what a scripted judge scored is never assessed.
 */
export function assessBar(
  outcomes: readonly ScenarioOutcome[],
  { official }: { official: boolean },
): BarVerdict {
  const standard = outcomes.filter(outcome => outcome.origin === 'standard')
  const parts = [
    wholeDomain('functional_competence', standard),
    meanOfDomain(standard),
    wholeDomain('self_improvement', standard),
    holdouts(outcomes.filter(outcome => outcome.origin !== 'standard')),
    {
      name: 'judge',
      ok: official ? true : null,
      found: official ? 'a model judged' : 'a scripted judge scored: the report is unofficial',
    },
  ]
  if (!official) return { verdict: 'not assessed', parts }
  if (parts.some(part => part.ok === false)) return { verdict: 'not met', parts }
  return { verdict: parts.some(part => part.ok === null) ? 'not assessed' : 'met', parts }
}

function isPassed({ trials }: ScenarioOutcome): boolean {
  return trials.length > 0 && trials.every(trial => trial.passed)
}

function scored(domain: keyof typeof STANDARD_COUNTS, outcomes: readonly ScenarioOutcome[]) {
  const ofDomain = outcomes.filter(outcome => outcome.domain === domain && outcome.trials.length > 0)
  return { ofDomain, expected: STANDARD_COUNTS[domain], isWhole: ofDomain.length === STANDARD_COUNTS[domain] }
}

function wholeDomain(
  domain: 'functional_competence' | 'self_improvement',
  outcomes: readonly ScenarioOutcome[],
): BarPart {
  const { ofDomain, expected, isWhole } = scored(domain, outcomes)
  const passed = ofDomain.filter(isPassed).length
  const found = `${passed} of ${expected} passed, ${ofDomain.length} were scored`
  if (passed < ofDomain.length) return { name: domain, ok: false, found }
  return { name: domain, ok: isWhole ? true : null, found }
}

function meanOfDomain(outcomes: readonly ScenarioOutcome[]): BarPart {
  const { ofDomain, expected, isWhole } = scored('economic_reasoning', outcomes)
  const average = mean(ofDomain.map(({ trials }) => mean(trials.map(trial => trial.score))))
  const told = ofDomain.length === 0 ? 'none was scored' : `mean ${average.toFixed(2)}`
  const found = `${told}, ${ofDomain.length} of ${expected} were scored`
  return { name: 'economic_reasoning', ok: isWhole ? average >= ECONOMIC_REASONING_MEAN_MIN : null, found }
}

function holdouts(outcomes: readonly ScenarioOutcome[]): BarPart {
  const scoredOnes = outcomes.filter(outcome => outcome.trials.length > 0 && !outcome.restsOnWords)
  const words = outcomes.filter(outcome => outcome.restsOnWords).length
  const besides = words === 0 ? '' : `; ${words} rest on words alone and do not count`
  const passed = scoredOnes.filter(isPassed).length
  const missing = (['holdout', 'variant'] as const).filter(
    origin => !scoredOnes.some(outcome => outcome.origin === origin),
  )
  if (missing.length > 0)
    return { name: 'holdouts', ok: null, found: `no ${missing.join(' and no ')} was scored${besides}` }
  const found = `${passed} of ${scoredOnes.length} holdouts and variants passed${besides}`
  return { name: 'holdouts', ok: 3 * passed >= 2 * scoredOnes.length, found }
}
