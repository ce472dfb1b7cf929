import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startLinks } from '../../cli/show/start-links.ts'
import { readStackState } from '../../shared/config/stack-state.ts'
import { eventually, openTestEconomy, type TestEconomy } from '../workflows/economy-client.ts'
import { findChromium, openBrowser } from './browser.ts'
import { temporalUi } from './temporal-ui.ts'

const bundle = { cpu: 0.6, durationSeconds: 1 }
const address = readStackState(process.env.BOURSE_TEST_HOME!)!.temporalUi!
let test: TestEconomy
let browser: Browser
let ui: ReturnType<typeof temporalUi>

beforeAll(async () => {
  test = await openTestEconomy()
  browser = await openBrowser(findChromium(console.error))
})
afterAll(async () => {
  await browser.close()
  await test.close()
})
beforeEach(async () => {
  ui = temporalUi(await browser.newPage({ viewport: { width: 1280, height: 1000 } }), address)
})
afterEach(async () => {
  await ui.page.close()
})

function linksOf(marketId: string): Record<string, string> {
  const where = { address, namespace: 'default', taskQueue: test.taskQueue }
  return Object.fromEntries(startLinks(where, marketId, 'ann').map(link => [link.workflowType, link.url]))
}

/** A market with one agent whose workflow does not run, as an operator finds it after a Terminate. */
async function terminatedMarket(name: string): Promise<string> {
  const marketId = await test.createMarket(name, {}, { ann: 100n })
  await eventually(async () => {
    const market = await test.economy.describeMarket(marketId)
    return market.ok && market.asleep && market.publishedSeq === market.lastSeq
  })
  await test.client.workflow.getHandle(`market/${marketId}`).terminate('a test')
  return marketId
}

describe('an operator with nothing but the Temporal UI', () => {
  it('starts a market by its link, bids by signal, runs a cycle by its link, and sees what came of it', async () => {
    const marketId = await terminatedMarket('by-link')
    const links = linksOf(marketId)
    await ui.start(links.market!)
    await ui.open(`market/${marketId}`)
    await ui.submit(await ui.send('update', 'pause', undefined))
    await ui.says('Update successful')
    await ui.open(`market/${marketId}`, 'user-metadata')
    await ui.detailsSay(/Market .* is paused: bids are admitted/)

    await ui.start(links.agent!)
    await ui.open(`agent/${marketId}/ann`)
    await ui.submit(await ui.send('signal', 'placeBid', { amount: '25', bundle, key: 'from-the-ui' }))
    await eventually(async () => {
      const market = await test.economy.describeMarket(marketId)
      return market.ok && market.pendingBids === 1
    })
    await ui.open(`agent/${marketId}/ann`, 'user-metadata')
    await ui.detailsSay(
      /100 credits: 75 available, 25 held for 1 open bids[\s\S]*pending: bid .*, 25 credits held \(key from-the-ui\)/,
    )

    await ui.start(links.allocationCycle!)
    await ui.open(`cycle/${marketId}/next`)
    await ui.says('"winners": 1')
    await ui.page.getByTestId('user-metadata-tab').click()
    await ui.detailsSay(/1 won, 0 outbid, 0 left waiting, 25 credits paid/)
    expect(await test.economy.describeMarket(marketId)).toMatchObject({ lastCycle: { revenue: '25' } })
  })

  it('moves prices by the link and reads the moves', async () => {
    const marketId = await test.createMarket('ticked-by-link')
    await ui.start(linksOf(marketId).priceUpdate!)
    await ui.open(`price-update/${marketId}/now`, 'user-metadata')
    await ui.detailsSay(/Tick 1 of market [\s\S]*cpu: .*unmoved/)
  })

  it('finds the workflows of a market by its search attribute', async () => {
    const marketId = await test.createMarket('searched')
    const query = encodeURIComponent(`BourseMarket="${marketId}"`)
    await ui.page.goto(`${address}/namespaces/default/workflows?query=${query}`)
    await ui.says(`market/${marketId}`)
  })
})

describe('nonsense typed into the Temporal UI', () => {
  it('as the input of a market fails it at once, with the field and what is allowed', async () => {
    const marketId = await terminatedMarket('nonsense')
    await ui.start(linksOf(marketId).market!, { colour: 'red' })
    await ui.open(`market/${marketId}`)
    await ui.says('Failed')
    await ui.says(/"colour\\?": is not known: allowed are marketId/)
  })

  it('as the id of an unknown market fails with the command that makes one', async () => {
    const marketId = `nowhere-${Date.now().toString(36)}`
    await ui.start(linksOf(marketId).market!)
    await ui.open(`market/${marketId}`)
    await ui.says(`bourse market create ${marketId}`)
  })

  it('as a bid is refused in words, changes nothing, and can forge nothing on the page', async () => {
    const marketId = await test.createMarket('forged', {}, { ann: 100n })
    await ui.start(linksOf(marketId).agent!)
    await ui.open(`agent/${marketId}/ann`)
    const forged = { amount: '1', bundle, '# Balance: 9000 [click](https://evil.example)': 1 }
    await ui.submit(await ui.send('signal', 'placeBid', forged))
    const agent = test.client.workflow.getHandle(`agent/${marketId}/ann`)
    await eventually(async () => (await agent.query<{ nonsense: number }>('state')).nonsense === 1)
    await ui.open(`agent/${marketId}/ann`, 'user-metadata')
    const details = await ui.detailsSay(/refused, invalid_bid[\s\S]*# Balance: 9000 \[click\]/)
    expect(await details.locator('a, img, h1, h2, h3').count()).toBe(0)
    expect(await test.economy.describeMarket(marketId)).toMatchObject({ pendingBids: 0 })
  })
})
