import type { Act, Part } from './play.ts'

const BUNDLE = { cpu: 0.05, memory: 0.05, durationSeconds: 1 }

/** A bid of so many credits for a little of the market. */
export function bid(credits: number): Act {
  return ['market.bid', { amount: String(credits), bundle: BUNDLE }]
}

/** A call of a service, waited for. */
export function call(provider: string, service: string, given: Record<string, unknown> = {}): Act {
  return ['call', { provider, service, arguments: given }]
}

export function submit(output: unknown): Act {
  return ['output.submit', { output }]
}

/** Reasons with all their parts, for this decision. */
export function reason(decision: string): Act {
  return [
    'trace.reasoning',
    {
      decisionId: decision,
      context: { looked: true },
      factorsConsidered: ['what it costs', 'what it is worth', 'what is left afterwards'],
      reasoning: `I compared what each way costs with what it brings and how likely that is; ${decision} does best.`,
      decision,
      alternativesConsidered: ['the other ways cost more for what they bring'],
    },
  ]
}

/** Looks, says what it decides and why, acts on it, and commits itself to the same. */
export function reasoned(decision: string, acts: Part, commits: Record<string, unknown> = {}): Part {
  return [
    ['economic.get_balance'],
    ['social.directory', {}],
    reason(decision),
    ...acts,
    submit({ decision, ...commits }),
  ]
}

export function propose(
  targetModule: string,
  changeDescription: string,
  expectedImprovement: string,
  newText: string,
): Act {
  return ['code.propose', { targetModule, changeDescription, expectedImprovement, newText }]
}
