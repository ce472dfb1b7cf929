import { type Check, type PromptRow, resultOf } from '../evidence.ts'

/** A prompt is rewarded once or expires, as its callers were told, and what it offered moves once in and once out. */
export const promptsOnce: Check = ({ operations, markets }) => {
  const counts = { prompts: 0, rewarded: 0, expired: 0, scored: 0, acknowledged: 0, wrong: 0 }
  const problems: string[] = []
  const statuses = new Map<string, PromptRow['status']>()
  for (const { market, prompts } of markets) {
    for (const prompt of prompts) {
      counts.prompts += 1
      if (prompt.status !== 'open') counts[prompt.status] += 1
      statuses.set(prompt.promptId, prompt.status)
      const problem = problemOf(prompt)
      if (problem !== null) problems.push(`market ${market}: prompt ${prompt.promptId} ${problem}`)
    }
  }
  for (const { kind, mark: promptId, outcome } of operations) {
    if (kind !== 'scored prompt') continue
    counts.scored += 1
    if (outcome !== 'acknowledged') continue
    counts.acknowledged += 1
    const status = statuses.get(promptId)
    if (status !== 'rewarded')
      problems.push(`prompt ${promptId} was acknowledged as scored and is ${status ?? 'not there'}`)
  }
  counts.wrong = problems.length
  return resultOf('a prompt ends once, and is rewarded once', counts, problems)
}

function problemOf({ status, awardedMicro, mints, mintedMicro, escrowMoves }: PromptRow): string | null {
  if (status === 'open') return 'is still open, and its time is over'
  if (escrowMoves !== 2) return `is ${status}, and its escrow moved ${escrowMoves} times`
  if (status === 'expired') return mints === 0 ? null : `expired and was rewarded ${mints} times`
  if (mints !== 1) return `was rewarded ${mints} times`
  return mintedMicro === awardedMicro ? null : `was awarded ${awardedMicro} and rewarded ${mintedMicro}`
}
