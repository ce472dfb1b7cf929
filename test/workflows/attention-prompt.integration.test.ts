import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenPromptRequest, PromptSummary } from '../../shared/attention/attention.ts'
import { createPostgresAttention } from '../../shared/db/attention/postgres-attention.ts'
import { eventually, openTestEconomy, type TestEconomy } from './economy-client.ts'

let economy: TestEconomy
beforeAll(async () => {
  economy = await openTestEconomy()
})
afterAll(() => economy.close())

const SCORES = { interesting: 7, useful: 8, understandable: 6 }

/** A market in which ada holds attention, with a prompt of hers. */
async function asked(more: Partial<OpenPromptRequest> = {}) {
  const marketId = await economy.createMarket('prompts', {}, { ada: 100n })
  const bid = { amount: '10', bundle: { attention: 0.5, durationSeconds: 600 } }
  await economy.economy.admitBids(marketId, [{ agent: 'ada', bid, via: 'cli', actor: 'test' }])
  const attention = createPostgresAttention(economy.db, async () => {})
  const ask = () =>
    attention.openPrompt({
      marketId,
      agent: 'ada',
      text: 'Is *this* [good](http://x)?',
      amountMicro: 5_000_000n,
      key: null,
      ...more,
    })
  const opened = await eventually(async () => {
    const answer = await ask()
    return answer.ok ? answer : null
  })
  const workflow = economy.client.workflow.getHandle(`prompt/${opened.promptId}`)
  return { marketId, promptId: opened.promptId, workflow, attention }
}

/** Waits until a prompt's workflow has seen its prompt. */
async function begun(workflow: WorkflowHandle): Promise<void> {
  await eventually(() => workflow.query<PromptSummary | null>('state').catch(() => null))
}

describe('a prompt', () => {
  test('is given a workflow by any worker, and its scores by an update, once', async () => {
    const { marketId, promptId, workflow } = await asked()
    const described = await eventually(() => workflow.describe().catch(() => null))
    expect(described.typedSearchAttributes.getAll()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ key: expect.objectContaining({ name: 'BourseMarket' }), value: marketId }),
        expect.objectContaining({ key: expect.objectContaining({ name: 'BourseAgent' }), value: 'ada' }),
      ]),
    )
    expect(await workflow.executeUpdate('score', { args: [SCORES] })).toEqual({ awarded: '1050' })
    expect(await workflow.result()).toMatchObject({ promptId, status: 'rewarded', scores: SCORES })
    const events = await economy.writtenEvents(marketId)
    expect(events.filter(event => event.type === 'human_reward_issued')).toHaveLength(1)
  })

  test('expires by itself and gives its escrow back', async () => {
    const { marketId, workflow } = await asked({ expiresInSeconds: 1 })
    await begun(workflow)
    expect(await workflow.result()).toMatchObject({ status: 'expired' })
    const events = await economy.writtenEvents(marketId)
    expect(events.slice(-2).map(event => event.type)).toEqual(['prompt_expired', 'escrow_released'])
  })

  test('refuses scores that make no sense, by their field, and goes on waiting', async () => {
    const { workflow } = await asked()
    await begun(workflow)
    for (const [scores, type] of [
      [{ ...SCORES, useful: 11 }, 'invalid_scores'],
      [{ ...SCORES, funny: 1 }, 'invalid_input'],
      ['ten', 'invalid_input'],
      [undefined, 'invalid_input'],
    ] as const) {
      await expect(workflow.executeUpdate('score', { args: [scores] })).rejects.toMatchObject({
        cause: { type, nonRetryable: true },
      })
    }
    expect(await workflow.query<PromptSummary>('state')).toMatchObject({ status: 'open' })
  })

  test('outlives a cancel, a terminated workflow, and scores given while none runs', async () => {
    const { workflow, promptId } = await asked()
    await begun(workflow)
    await workflow.cancel()
    expect(await workflow.query<PromptSummary>('state')).toMatchObject({ status: 'open' })
    await workflow.terminate('by a test')
    const again = await economy.client.workflow.start('attentionPrompt', {
      workflowId: `prompt/${promptId}`,
      taskQueue: economy.taskQueue,
    })
    expect(await again.executeUpdate('score', { args: [SCORES] })).toEqual({ awarded: '1050' })
    expect(await again.result()).toMatchObject({ status: 'rewarded' })
  })

  test('of nobody fails at once and says why', async () => {
    const handle = await economy.client.workflow.start('attentionPrompt', {
      workflowId: `prompt/${crypto.randomUUID()}`,
      taskQueue: economy.taskQueue,
    })
    const failure = await handle.result().catch(error => error)
    expect(failure.cause).toMatchObject({
      type: 'unknown_prompt',
      message: expect.stringContaining('there is no prompt'),
    })
    const nonsense = await economy.client.workflow.start('attentionPrompt', {
      workflowId: `nonsense-${crypto.randomUUID()}`,
      taskQueue: economy.taskQueue,
      args: [{ promptId: 'nonsense' }],
    })
    expect((await nonsense.result().catch(error => error)).cause).toMatchObject({ type: 'invalid_input' })
  })
})
