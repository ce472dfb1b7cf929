import type { AgentState, AgentVerdict } from '../shared/contracts/workflows.ts'
import type { AgentGlance } from '../shared/market/glances.ts'
import { plainMarkdown } from './plain-markdown.ts'

/** The newest verdicts that stand on an agent's page. */
const MAX_SHOWN = 5

/** How an agent stands, for its page in the Temporal UI. What the agent wrote appears as plain text. */
export function describeAgent(state: AgentState, glance: AgentGlance | null): string {
  const { marketId, agent, waiting, signals, nonsense, verdicts } = state
  const newest = verdicts.slice(-MAX_SHOWN).toReversed()
  const paragraphs = [
    `**Agent ${agent} of market ${marketId}**${glance === null ? '.' : isHow(glance)}`,
    ...(newest.length === 0
      ? []
      : [['Newest verdicts first:', '', ...newest.map(describeVerdict)].join('\n')]),
    `Signals: ${signals}. Bids and cancels that made no sense: ${nonsense}. Waiting: ${waiting}.`,
  ]
  return paragraphs.join('\n\n')
}

function isHow({ status, balance, available, held, openBids }: AgentGlance): string {
  return ` is ${status} and has ${balance} credits: ${available} available, ${held} held for ${openBids} open bids.`
}

function describeVerdict({ key, verdict }: AgentVerdict): string {
  const told = verdict.ok
    ? `${verdict.status}: bid ${verdict.bidId}${'held' in verdict ? `, ${verdict.held} credits held` : ''}`
    : `refused, ${verdict.error.code}: ${plainMarkdown(verdict.error.message)}`
  return `- ${told} (key ${plainMarkdown(key)})`
}
