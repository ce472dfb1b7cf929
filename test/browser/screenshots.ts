import { fileURLToPath } from 'node:url'
import { startLinks } from '../../cli/show/start-links.ts'
import { readStackState } from '../../shared/config/stack-state.ts'
import { marketSettingsSchema } from '../../shared/market/rules.ts'
import startServers from '../servers.ts'
import { eventually, openTestEconomy } from '../workflows/economy-client.ts'
import { findChromium, openBrowser } from './browser.ts'
import { temporalUi } from './temporal-ui.ts'

/**
 * `npm run screenshots`: takes the pictures of docs/operating.md anew, of a stack of its own in which a market has
 * cleared a few bids. What the UI shows is what an operator sees; nothing on it is made up.
 */
const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const VIEW = { width: 1280, height: 760 }
const SETTLED_MS = 1_500
const bundle = (cpu: number) => ({ cpu, memory: 0.1, durationSeconds: 600 })

const stop = await startServers()
const test = await openTestEconomy()
const browser = await openBrowser(findChromium(text => process.stderr.write(`${text}\n`)))
try {
  const { temporalUi: address } = readStackState(process.env.BOURSE_TEST_HOME!)!
  const page = await browser.newPage({ viewport: VIEW })
  const ui = temporalUi(page, address!)
  const shoot = async (name: string) => {
    await page.waitForTimeout(SETTLED_MS)
    await page.screenshot({ path: `${folder}${name}.png` })
    process.stderr.write(`docs/images/${name}.png\n`)
  }

  await test.economy.createMarket('first', marketSettingsSchema.parse({ displayName: 'First' }))
  for (const agent of ['ann', 'bob', 'cem']) {
    await test.economy.registerAgent({ marketId: 'first', agent, creditsMicro: 500_000_000n })
  }
  const signal = (agent: string, bid: object) =>
    test.client.workflow.signalWithStart('agent', {
      workflowId: `agent/first/${agent}`,
      taskQueue: test.taskQueue,
      args: [],
      signal: 'placeBid',
      signalArgs: [bid],
    })
  await signal('ann', { amount: '25', bundle: bundle(0.5), key: 'ann-1' })
  await signal('bob', { amount: '40', bundle: bundle(0.4), key: 'bob-1' })
  await signal('cem', { amount: '10', bundle: bundle(0.3), key: 'cem-1' })
  await eventually(async () => {
    const market = await test.economy.describeMarket('first')
    return market.ok && market.activeLeases >= 2 && market.pendingBids === 0
  })
  await signal('ann', { amount: '900', bundle: bundle(0.1), key: 'too-much' })
  await signal('ann', { amount: '5', bundel: {}, key: 'a-typo' })

  await ui.open('market/first', 'user-metadata')
  await ui.detailsSay(/Cycle \d+ at/)
  await shoot('market')

  const links = startLinks(
    { address: address!, namespace: 'default', taskQueue: test.taskQueue },
    'first',
    'ann',
  )
  await page.goto(links.find(({ workflowType }) => workflowType === 'allocationCycle')!.url)
  await ui.says('Task Queue is Active')
  await shoot('start')

  await ui.open('agent/first/ann')
  await ui.send('signal', 'placeBid', {
    amount: '25',
    bundle: { cpu: 0.1, durationSeconds: 10 },
    key: 'mine',
  })
  await shoot('bid')

  await ui.open('agent/first/ann', 'user-metadata')
  await ui.detailsSay(/a-typo|too-much/)
  await shoot('agent')

  const [market] = startLinks(
    { address: address!, namespace: 'default', taskQueue: test.taskQueue },
    'nowhere',
    'ann',
  )
  await ui.start(market!.url)
  await ui.open('market/nowhere')
  await ui.says(/there is no market/)
  await shoot('nonsense')
} finally {
  await browser.close()
  await test.close()
  await stop()
}
