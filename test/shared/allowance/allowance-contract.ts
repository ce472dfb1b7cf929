import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AllowanceHolder, SetAllowanceRequest } from '../../../shared/allowance/allowance.ts'
import { expectConserved } from '../economy/conservation.ts'
import type { EconomyUnderTest } from '../economy/economy-under-test.ts'
import { openMarket } from '../economy/fresh-market.ts'

/** A period that none begins in while a test runs. */
const YEAR = 31_536_000
const PROPERTY_MS_MAX = 60_000

/** What every implementation of allowances must do. `runs`: how often a property is tried. */
export function describeAllowances(name: string, make: () => EconomyUnderTest, runs: number): void {
  async function begin() {
    const under = make()
    const marketId = await openMarket(under, { ann: 0, bob: 100 })
    for (const agent of ['dee', 'eve']) {
      await under.economy.registerAgent({ marketId, agent, creditsMicro: 0n, owner: 'Acme & Co' })
    }
    const give = (more: Partial<SetAllowanceRequest> = {}) =>
      under.allowances.set({
        marketId,
        holder: { agent: 'ann' },
        amountMicro: 5_000_000n,
        periodSeconds: YEAR,
        capMicro: 12_000_000n,
        actor: 'operator',
        ...more,
      })
    const pay = async (agoSeconds = 0, periodSeconds = YEAR) =>
      await under.allowances.pay({
        marketId,
        periodSeconds,
        atMs: (await under.now()) - agoSeconds * 1000,
      })
    const end = (holder: AllowanceHolder) => under.allowances.end({ marketId, holder, actor: 'operator' })
    const passYears = (years: number) => under.passTime(marketId, years * YEAR)
    const books = async () => {
      const read = await under.readBooks(marketId)
      expectConserved(read)
      return read
    }
    const creditsOf = async (agent: string) =>
      Number((await books()).agents.get(agent)!.availableMicro) / 1_000_000
    const spend = (agent: string, credits: number) =>
      under.ledger.transfer({
        marketId,
        from: agent,
        to: 'bob',
        amountMicro: BigInt(credits) * 1_000_000n,
        purpose: 'gift',
        key: null,
      })
    return { ...under, marketId, give, pay, end, passYears, books, creditsOf, spend }
  }

  describe(`${name}: allowances`, () => {
    test('are paid with each next period, once, and told', async () => {
      const { give, pay, passYears, books, creditsOf } = await begin()
      expect(await give()).toMatchObject({
        ok: true,
        changed: true,
        allowance: { agent: 'ann', amount: '5' },
      })
      expect(await pay()).toMatchObject({ ok: true, agents: 0, amount: '0' })
      await passYears(1)
      expect(await pay()).toMatchObject({ ok: true, agents: 1, amount: '5' })
      const { events } = await books()
      expect(events.slice(-2).map(event => event.type)).toEqual(['allowance_set', 'credits_minted'])
      expect(events.at(-1)!.data).toMatchObject({ agent_id: 'ann', amount: '5', reason: 'allowance' })
      expect(await pay()).toMatchObject({ ok: true, agents: 0 })
      expect((await books()).events).toEqual(events)
      expect(await creditsOf('ann')).toBe(5)
    })

    test('are paid once however many ask at once, and late or early ones pay nothing again', async () => {
      const { give, pay, passYears, creditsOf } = await begin()
      await give({ capMicro: 1_000_000_000n })
      await passYears(1)
      await Promise.all([1, 2, 3, 4, 5].map(() => pay()))
      expect(await creditsOf('ann')).toBe(5)
      await passYears(1)
      await Promise.all([pay(YEAR), pay(), pay(YEAR), pay()])
      expect(await creditsOf('ann')).toBe(10)
    })

    test('make up for periods that were missed, up to the cap', async () => {
      const { give, pay, passYears, creditsOf } = await begin()
      await give({ capMicro: 17_000_000n })
      await passYears(2)
      expect(await pay()).toMatchObject({ amount: '10' })
      await passYears(100)
      expect(await pay()).toMatchObject({ amount: '7' })
      expect(await creditsOf('ann')).toBe(17)
    })

    test('stop at the cap, and go on with what was spent of them, which is spent last', async () => {
      const { give, pay, passYears, creditsOf, spend, ledger, marketId } = await begin()
      await give()
      for (let year = 0; year < 5; year++) {
        await passYears(1)
        await pay()
      }
      expect(await creditsOf('ann')).toBe(12)
      const granted = { marketId, agent: 'ann', amountMicro: 4_000_000n, reason: 'gift', key: null }
      await ledger.grant(granted)
      await spend('ann', 4)
      await passYears(1)
      expect(await pay()).toMatchObject({ agents: 0 })
      await spend('ann', 3)
      await passYears(1)
      expect(await pay()).toMatchObject({ agents: 1, amount: '3' })
    })

    test('of an owner are shared by its living agents', async () => {
      const { give, pay, passYears, creditsOf, setAgentStatus, marketId } = await begin()
      await give({ holder: { owner: 'Acme & Co' }, amountMicro: 5_000_001n, capMicro: 100_000_000n })
      await passYears(1)
      expect(await pay()).toMatchObject({ agents: 2, amount: '5.000001' })
      expect([await creditsOf('dee'), await creditsOf('eve')]).toEqual([2.500001, 2.5])
      await setAgentStatus(marketId, 'dee', 'dead')
      await passYears(1)
      await pay()
      expect([await creditsOf('dee'), await creditsOf('eve')]).toEqual([2.500001, 7.500001])
    })

    test('and an agent may have one of its own beside that of its owner', async () => {
      const { give, pay, passYears, creditsOf } = await begin()
      await give({ holder: { owner: 'Acme & Co' }, amountMicro: 4_000_000n })
      await give({ holder: { agent: 'eve' } })
      await passYears(1)
      expect(await pay()).toMatchObject({ agents: 2, amount: '9' })
      expect([await creditsOf('dee'), await creditsOf('eve')]).toEqual([2, 7])
    })

    test('are not paid to the dead, whose periods pass; the dormant are paid', async () => {
      const { give, pay, passYears, creditsOf, setAgentStatus, marketId } = await begin()
      await give()
      await setAgentStatus(marketId, 'ann', 'dead')
      await passYears(1)
      expect(await pay()).toMatchObject({ ok: true, agents: 0 })
      await setAgentStatus(marketId, 'ann', 'dormant')
      expect(await pay()).toMatchObject({ agents: 0 })
      await passYears(1)
      await pay()
      expect(await creditsOf('ann')).toBe(5)
    })

    test('are changed and ended, by events that name who did', async () => {
      const { give, pay, end, passYears, books, creditsOf, allowances, marketId } = await begin()
      await give()
      expect(await give()).toMatchObject({ ok: true, changed: false })
      await passYears(1)
      expect(await give({ amountMicro: 7_000_000n })).toMatchObject({ ok: true, changed: true })
      await pay()
      expect(await creditsOf('ann')).toBe(7)
      expect(await allowances.list(marketId, 10)).toMatchObject({
        items: [{ agent: 'ann', owner: null, amount: '7', cap: '12', unspent: '7', periodSeconds: YEAR }],
      })
      expect(await end({ agent: 'ann' })).toEqual({ ok: true, ended: true })
      const { events } = await books()
      expect(events.at(-1)).toMatchObject({ type: 'allowance_ended', data: { actor: 'operator' } })
      expect(await end({ agent: 'ann' })).toEqual({ ok: true, ended: false })
      await give()
      await pay()
      expect(await creditsOf('ann')).toBe(7)
    })

    test('that nobody may have are refused and change nothing', async () => {
      const { give, pay, end, books, economy, marketId } = await begin()
      const before = await books()
      for (const [more, code] of [
        [{ amountMicro: 0n }, 'invalid_amount'],
        [{ capMicro: 4_999_999n }, 'invalid_allowance'],
        [{ periodSeconds: 0 }, 'invalid_allowance'],
        [{ periodSeconds: 1.5 }, 'invalid_allowance'],
        [{ periodSeconds: YEAR + 1 }, 'invalid_allowance'],
        [{ holder: { agent: 'nobody' } }, 'unknown_agent'],
        [{ holder: { owner: 'nobody' } }, 'unknown_owner'],
        [{ holder: { owner: 'a\u0000b' } }, 'invalid_text'],
        [{ marketId: 'nowhere' }, 'unknown_market'],
      ] as const) {
        expect(await give(more)).toMatchObject({ ok: false, error: { code } })
      }
      expect(await end({ owner: 'nobody' })).toMatchObject({ ok: false, error: { code: 'unknown_owner' } })
      expect(await pay(-YEAR)).toMatchObject({ ok: false, error: { code: 'period_not_begun' } })
      expect(await books()).toEqual(before)
      await economy.beginClosing(marketId, 'operator')
      expect(await give()).toMatchObject({ ok: false, error: { code: 'market_closed' } })
      expect(await pay()).toMatchObject({ ok: false, error: { code: 'market_closed' } })
    })

    test(
      'whatever is asked again, late or doubled pays no period twice, and no more than the cap is unspent',
      async () => {
        const step = fc.oneof(
          fc.record({ kind: fc.constant('pay' as const), ago: fc.nat({ max: 3 }) }),
          fc.record({ kind: fc.constant('pass' as const), years: fc.integer({ min: 1, max: 3 }) }),
        )
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
            const { give, pay, passYears, creditsOf } = await begin()
            await give({ amountMicro: 1_000_000n, capMicro: 20_000_000n })
            let passed = 0
            let paid = 0
            for (const one of steps) {
              if (one.kind === 'pass') passed += one.years
              else paid = Math.max(paid, passed - one.ago)
              await (one.kind === 'pass' ? passYears(one.years) : pay(one.ago * YEAR))
              expect(await creditsOf('ann')).toBe(Math.min(paid, 20))
            }
          }),
          { numRuns: runs },
        )
      },
      PROPERTY_MS_MAX,
    )
  })
}
