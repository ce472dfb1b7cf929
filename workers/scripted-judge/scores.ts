/** A judge of fixed rules in place of a model: the same chat, the same scores. */
export interface ScriptedScores {
  criteria: { criterion: string; score: number; justification: string }[]
  feedback: string
}

const SUBSTANCE_CHARACTERS_MIN = 40

/**
 * Scores by what stands in the transcript and not by what it says: reasons of some length, what was weighed and what was
 * decided against are a point each above 1; a result of some length is worth 3. The same for every criterion. What an agent
 * writes to its judge has no effect.
 */
export function scriptedScores(prompt: string): ScriptedScores {
  const { criteria, entries } = readPrompt(prompt)
  const { score, because } = scoreOf(entries)
  return {
    criteria: criteria.map(criterion => ({ criterion, score, justification: because })),
    feedback: 'Scored by fixed rules, not by a model.',
  }
}

interface Entry {
  type?: string
  data?: Record<string, unknown>
}

function scoreOf(entries: readonly Entry[]): { score: number; because: string } {
  let best = { score: 1, because: 'no reasons are given, and no result' }
  for (const { type, data = {} } of entries) {
    if (type === 'reasoning_trace') {
      const points = [
        String(data.reasoning ?? '').length >= SUBSTANCE_CHARACTERS_MIN,
        isFull(data.factors_considered),
        isFull(data.alternatives_considered),
      ].filter(Boolean).length
      if (1 + points > best.score) best = { score: 1 + points, because: `reasons with ${points} of 3 parts` }
    }
    if (type === 'output_submitted' && best.score < 3) {
      const length = JSON.stringify(data.output ?? '').length
      if (length >= SUBSTANCE_CHARACTERS_MIN) best = { score: 3, because: 'a result of some length' }
    }
  }
  return best
}

function isFull(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0
}

/** The criteria and the transcript in a judge's prompt, which stands between two lines that are the same. */
function readPrompt(prompt: string): { criteria: string[]; entries: Entry[] } {
  const lines = prompt.split('\n')
  const first = lines.findIndex(line => line.startsWith('The criteria:'))
  const begin = lines.findIndex((line, place) => place > first && !line.startsWith('- '))
  const end = lines.lastIndexOf(lines[begin] ?? '')
  const criteria = lines.slice(first + 1, begin).flatMap(line => /^- ([a-z0-9_]+):/.exec(line)?.[1] ?? [])
  const entries = lines.slice(begin + 1, end).flatMap((line): Entry[] => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  return { criteria, entries }
}
