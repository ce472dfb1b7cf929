import type { ListedAgent } from '../../shared/db/agents/list-agents.ts'
import { type AgentStory, STORY_COUNTED_MAX } from '../../shared/db/agents/read-agent-story.ts'
import { describeAllowance } from './describe-allowance.ts'
import { renderFacts, renderTable } from './table.ts'

/** An agent, its money, what it did and what became of it, for people. */
export function describeAgent(agent: ListedAgent, story: AgentStory): string {
  const facts = renderFacts([
    ['agent', agent.agent],
    ['name', agent.displayName],
    ['owner', agent.owner],
    ['status', agent.status],
    ['dormant for', story.dormantReason],
    ['parent', story.parent === null ? null : `${story.parent}, generation ${story.generation}`],
    ['children', story.children.length === 0 ? null : story.children.join(', ')],
    ['balance', agent.balance],
    ['available', agent.available],
    ['held', agent.held],
    ['open bids', agent.openBids],
    ...story.allowances.map((one): [string, string] => ['allowance', describeAllowance(one)]),
    ['since', agent.createdAt],
    ['bids', counts(story.bids)],
    ['leases', counts(story.leases)],
    ['executions', counts(story.executions)],
    ['service calls', counts(story.serviceCalls)],
    [
      'prompts',
      story.awarded === '0' ? counts(story.prompts) : `${counts(story.prompts)}; earned ${story.awarded}`,
    ],
    [
      'models',
      story.models.calls === 0 ? null : `${story.models.calls} calls, ${story.models.tokens} tokens`,
    ],
  ])
  return facts + tables(story) + boundNote(story)
}

function tables({ money, services, life }: AgentStory): string {
  const parts: string[] = []
  if (money.length > 0) {
    const columns = ['credits by purpose', { right: 'movements' }, { right: 'received' }, { right: 'spent' }]
    parts.push(
      renderTable(
        columns,
        money.map(one => [one.purpose, one.movements, one.received, one.spent]),
      ),
    )
  }
  if (services.length > 0) {
    const columns = ['service', { right: 'cost' }, { right: 'succeeded' }, { right: 'failed' }]
    parts.push(
      renderTable(
        columns,
        services.map(one => [one.name, one.cost, one.succeeded, one.failed]),
      ),
    )
  }
  if (life.length > 0) {
    parts.push(
      renderTable(
        ['life', 'what', 'how', { right: 'seq' }],
        life.map(({ at, type, data, seq }) => [at, type, JSON.stringify(data), seq]),
      ),
    )
  }
  return parts.map(part => `\n${part}`).join('')
}

function counts(counted: Record<string, number>): string | null {
  const parts = Object.entries(counted).map(([name, count]) => `${count} ${name}`)
  return parts.length === 0 ? null : parts.join(', ')
}

function boundNote({ bids, leases }: AgentStory): string {
  const most = Math.max(
    ...[bids, leases].map(one => Object.values(one).reduce((sum, count) => sum + count, 0)),
  )
  return most < STORY_COUNTED_MAX ? '' : `\nCounts are of the newest ${STORY_COUNTED_MAX} of each kind.\n`
}
