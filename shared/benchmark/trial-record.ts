import type { BourseEvent } from '../events/envelope.ts'

/**
 * The events that a verdict rests on: those up to `endSeq`, after which nothing the agent does counts, and what judges said
 * up to `verdictSeq`, of each judge the last evaluation alone.
 */
export function eventsOfVerdict(
  events: readonly BourseEvent[],
  { endSeq, verdictSeq }: { endSeq: number; verdictSeq: number },
): BourseEvent[] {
  const last = new Map<string, number>()
  for (const event of events) {
    if (event.type === 'judge_evaluation' && event.seq <= verdictSeq) {
      last.set(event.data.judge ?? '', Math.max(event.seq, last.get(event.data.judge ?? '') ?? 0))
    }
  }
  return events.filter(event => {
    if (event.type === 'judge_evaluation') return last.get(event.data.judge ?? '') === event.seq
    if (event.source === 'judge') return event.seq <= verdictSeq
    return event.seq <= endSeq
  })
}
