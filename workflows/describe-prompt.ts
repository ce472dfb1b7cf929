import type { PromptSummary } from '../shared/attention/attention.ts'
import { plainMarkdown } from './plain-markdown.ts'

/** How a prompt stands, for its page in the Temporal UI. What the agent wrote appears as plain text. */
export function describePrompt({ agent, marketId, text, amount, status, ...prompt }: PromptSummary): string {
  const asks = `**Agent ${agent} of market ${marketId}** offers ${amount} credits for your attention:`
  const paragraphs = [asks, `> ${plainMarkdown(text)}`]
  const { scores, expiresAt, awarded } = prompt
  if (status === 'open') {
    const until = expiresAt === null ? 'as long as it takes' : `until ${expiresAt}`
    paragraphs.push(
      `It waits ${until}. Score it by the update \`score\`: \`{"interesting": 7, "useful": 8, "understandable": 6}\`, each 0 to 10.`,
    )
  } else if (scores !== null) {
    const { interesting, useful, understandable } = scores
    paragraphs.push(
      `Scored: interesting ${interesting}, useful ${useful}, understandable ${understandable}; ${awarded} credits were awarded.`,
    )
  } else paragraphs.push('Nobody scored it in time; what it offered went back.')
  return paragraphs.join('\n\n')
}
