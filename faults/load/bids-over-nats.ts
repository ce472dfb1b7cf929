import { newBid } from './bids.ts'
import type { Load } from './load.ts'
import { settled } from './over-nats.ts'

/** Bids as agents in any language place them: a request to a gateway, which any of several answers. */
export const bidsOverNats: Load = {
  name: 'bids over NATS',
  everyMs: 500,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const { serial, mark, bid } = newBid(scene)
    const key = `nats-${serial}`
    await scene.doKeyed({ kind: 'bid', agent, mark, key }, async () => {
      const client = await doors.agent(market, agent)
      return settled(await client.request('market.bid', { ...bid, key }), verdict => verdict.bidId)
    })
  },
}
