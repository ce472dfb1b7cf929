import { describe, expect, test } from 'vitest'
import type { OpenPromptRequest } from '../../../shared/attention/attention.ts'
import type { MarketRules } from '../../../shared/market/rules.ts'
import { expectConserved } from '../economy/conservation.ts'
import type { EconomyUnderTest } from '../economy/economy-under-test.ts'
import { openMarket } from '../economy/fresh-market.ts'

const ATTENTION = [{ name: 'attention', unit: 'share', capacity: '1' }]
const SCORES = { interesting: 7, useful: 8, understandable: 6 }

/** What every implementation of attention must do. */
export function describeAttention(name: string, make: () => EconomyUnderTest): void {
  /** A market in which ann holds half of the attention for 100 seconds, and has 90 credits left. */
  async function begin(rules: Partial<MarketRules> = {}) {
    const under = make()
    const { economy, attention } = under
    const marketId = await openMarket(under, { ann: 100, bob: 100 }, rules, ATTENTION)
    const win = async (agent: string, bundle: object) => {
      const bid = { amount: '10', bundle }
      await economy.admitBids(marketId, [{ agent, bid, via: 'cli', actor: 'test' }])
      const opened = await economy.openCycle(marketId, null, crypto.randomUUID())
      if (!opened.ok) throw new Error(opened.error.message)
      await economy.settleCycle(marketId, opened.cycle)
      return (await under.readBooks(marketId)).leases.findLast(lease => lease.beneficiary === agent)!.leaseId
    }
    const leaseId = await win('ann', { attention: 0.5, durationSeconds: 100 })
    const ask = (more: Partial<OpenPromptRequest> = {}) =>
      attention.openPrompt({
        marketId,
        agent: 'ann',
        text: 'Which of the two\nis better?',
        amountMicro: 5_000_000n,
        key: null,
        ...more,
      })
    const asked = async (more: Partial<OpenPromptRequest> = {}) => {
      const opened = await ask(more)
      if (!opened.ok) throw new Error(opened.error.message)
      return opened.promptId
    }
    const score = (promptId: string, scores: unknown = SCORES) =>
      attention.scorePrompt({ promptId, scores, actor: 'operator' })
    const books = async () => {
      const read = await under.readBooks(marketId)
      expectConserved(read)
      return read
    }
    const availableOf = async (agent: string) => (await books()).agents.get(agent)!.availableMicro
    const newestEvents = async (count: number) =>
      (await books()).events.slice(-count).map(event => event.type)
    const passTime = (seconds: number) => under.passTime(marketId, seconds)
    return { ...under, marketId, leaseId, win, ask, asked, score, books, availableOf, newestEvents, passTime }
  }

  describe(`${name}: prompts`, () => {
    test('a prompt sets its bid aside in escrow', async () => {
      const { ask, attention, leaseId, marketId, books, newestEvents } = await begin()
      const opened = await ask({ expiresInSeconds: 60 })
      expect(opened).toMatchObject({ ok: true, status: 'open', escrowed: '5' })
      const { agents, accounts } = await books()
      expect(agents.get('ann')!.availableMicro).toBe(85_000_000n)
      expect(accounts.escrow).toBe(5_000_000n)
      expect(await newestEvents(2)).toEqual(['prompt_opened', 'credits_escrowed'])
      const promptId = opened.ok ? opened.promptId : ''
      const found = await attention.findPrompt(promptId)
      expect(found).toMatchObject({ marketId, agent: 'ann', leaseId, amount: '5', scores: null })
    })

    test('its reward is 50 credits a point, minted once, and its escrow is burned', async () => {
      const { asked, score, attention, availableOf, books, newestEvents } = await begin()
      const promptId = await asked()
      expect(await score(promptId)).toEqual({ ok: true, promptId, status: 'rewarded', awarded: '1050' })
      expect(await newestEvents(3)).toEqual(['human_reward_issued', 'escrow_burned', 'credits_minted'])
      expect(await availableOf('ann')).toBe(1_135_000_000n)
      const { events } = await books()
      expect(await score(promptId)).toEqual({ ok: true, promptId, status: 'rewarded', awarded: '1050' })
      expect(await score(promptId, { ...SCORES, useful: 9 })).toMatchObject({
        ok: false,
        error: { code: 'prompt_resolved' },
      })
      expect((await books()).events).toEqual(events)
      expect(await attention.findPrompt(promptId)).toMatchObject({ scores: SCORES, awarded: '1050' })
    })

    test('what a point is worth is a rule, and no points are worth nothing', async () => {
      const { asked, score, newestEvents } = await begin({ rewardPerPoint: '0.000001' })
      expect(await score(await asked())).toMatchObject({ awarded: '0.000021' })
      const nothing = { interesting: 0, useful: 0, understandable: 0 }
      expect(await score(await asked(), nothing)).toMatchObject({ ok: true, awarded: '0' })
      expect(await newestEvents(2)).toEqual(['human_reward_issued', 'escrow_burned'])
    })

    test('scores that are not three whole numbers from 0 to 10 are refused by their field', async () => {
      const { asked, score, books } = await begin()
      const promptId = await asked()
      const before = await books()
      for (const [scores, field] of [
        [{ ...SCORES, useful: 11 }, 'useful'],
        [{ ...SCORES, interesting: 7.5 }, 'interesting'],
        [{ ...SCORES, understandable: '6' }, 'understandable'],
        [{ ...SCORES, funny: 10 }, 'scores'],
        [null, 'scores'],
      ] as const) {
        expect(await score(promptId, scores)).toMatchObject({
          ok: false,
          error: { code: 'invalid_scores', field },
        })
      }
      expect(await books()).toEqual(before)
    })

    test('it expires at its time, not before, and gives its escrow back', async () => {
      const { asked, score, attention, availableOf, passTime, newestEvents } = await begin()
      const promptId = await asked({ expiresInSeconds: 60 })
      expect(await attention.expirePrompt(promptId)).toEqual({ ok: true, promptId, status: 'open' })
      await passTime(61)
      expect(await attention.expirePrompt(promptId)).toEqual({ ok: true, promptId, status: 'expired' })
      expect(await newestEvents(2)).toEqual(['prompt_expired', 'escrow_released'])
      expect(await availableOf('ann')).toBe(90_000_000n)
      expect(await attention.expirePrompt(promptId)).toEqual({ ok: true, promptId, status: 'expired' })
      expect(await score(promptId)).toMatchObject({ ok: false, error: { code: 'prompt_resolved' } })
    })

    test('without an expiry it waits for as long as it takes, beyond the end of its lease', async () => {
      const { asked, score, attention, passTime } = await begin()
      const promptId = await asked()
      await passTime(10_000_000)
      expect(await attention.expirePrompt(promptId)).toMatchObject({ status: 'open' })
      expect(await score(promptId)).toMatchObject({ ok: true, awarded: '1050' })
    })

    test('it needs an active lease of its agent with attention', async () => {
      const { ask, win, leaseId, passTime } = await begin()
      const refused = async (more: Partial<OpenPromptRequest>) => {
        const answer = await ask(more)
        return answer.ok ? 'ok' : answer.error.code
      }
      expect(await refused({ agent: 'bob' })).toBe('no_active_lease')
      expect(await refused({ agent: 'bob', leaseId })).toBe('no_active_lease')
      expect(await refused({ leaseId: 'nonsense' })).toBe('no_active_lease')
      expect(await refused({ agent: 'eve' })).toBe('unknown_agent')
      const plain = await win('bob', { cpu: 0.5, durationSeconds: 100 })
      expect(await refused({ agent: 'bob', leaseId: plain })).toBe('no_attention')
      expect(await refused({ leaseId })).toBe('ok')
      await passTime(101)
      expect(await refused({})).toBe('no_active_lease')
    })

    test('what it cannot pay, say or wait for is refused and changes nothing', async () => {
      const { ask, books, setAgentStatus, marketId } = await begin()
      const before = await books()
      for (const [more, code] of [
        [{ amountMicro: 90_000_001n }, 'insufficient_balance'],
        [{ amountMicro: 0n }, 'invalid_amount'],
        [{ text: '' }, 'invalid_prompt'],
        [{ text: 'a\u0000b' }, 'invalid_prompt'],
        [{ text: '\ud800' }, 'invalid_prompt'],
        [{ text: 'x'.repeat(8193) }, 'invalid_prompt'],
        [{ expiresInSeconds: 0 }, 'invalid_prompt'],
        [{ expiresInSeconds: 1.5 }, 'invalid_prompt'],
        [{ marketId: 'nowhere' }, 'unknown_market'],
      ] as const) {
        expect(await ask(more)).toMatchObject({ ok: false, error: { code } })
      }
      expect(await books()).toEqual(before)
      await setAgentStatus(marketId, 'ann', 'dead')
      expect(await ask()).toMatchObject({ ok: false, error: { code: 'agent_not_alive' } })
    })

    test('an agent has at most so many open prompts', async () => {
      const { ask, asked, score } = await begin({ maxOpenPrompts: 2 })
      const first = await asked()
      await asked()
      expect(await ask()).toMatchObject({ ok: false, error: { code: 'too_many_open_prompts' } })
      await score(first)
      expect(await ask()).toMatchObject({ ok: true })
    })

    test('a key asks once', async () => {
      const { ask, books } = await begin()
      const first = await ask({ key: 'k' })
      const before = await books()
      expect(await ask({ key: 'k' })).toEqual(first)
      expect(await ask({ key: 'k', text: 'something else' })).toMatchObject({
        ok: false,
        error: { code: 'idempotency_conflict' },
      })
      expect(await books()).toEqual(before)
    })

    test('one of many scores given at once counts', async () => {
      const { asked, score, availableOf } = await begin()
      const promptId = await asked()
      const all = [1, 2, 3, 4, 5].map(useful =>
        score(promptId, { interesting: 0, useful, understandable: 0 }),
      )
      const accepted = (await Promise.all(all)).filter(answer => answer.ok)
      expect(accepted).toHaveLength(1)
      const awardedCredits = BigInt(accepted[0]!.ok ? accepted[0]!.awarded : 0)
      expect(await availableOf('ann')).toBe(85_000_000n + awardedCredits * 1_000_000n)
    })

    test('a prompt that is not there is refused', async () => {
      const { attention, score } = await begin()
      for (const promptId of ['nonsense', crypto.randomUUID()]) {
        for (const answer of [
          score(promptId),
          attention.expirePrompt(promptId),
          attention.findPrompt(promptId),
        ]) {
          expect(await answer).toMatchObject({ ok: false, error: { code: 'unknown_prompt' } })
        }
      }
    })
  })
}
