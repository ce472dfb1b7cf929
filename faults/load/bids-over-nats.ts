import type { Answer } from '../history.ts'
import { newBid } from './bids.ts'
import type { Load } from './load.ts'

/** Codes that leave open whether it was done. */
const OPEN_ENDED = ['deadline_exceeded', 'internal_error']

/** Bids as agents in any language place them: a request to a gateway, which any of several answers. */
export const bidsOverNats: Load = {
  name: 'bids over NATS',
  everyMs: 500,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const { serial, mark, bid } = newBid(scene)
    const key = `nats-${serial}`
    await scene.doKeyed({ kind: 'bid', agent, mark, key }, async (): Promise<Answer> => {
      const client = await doors.agent(market, agent)
      const verdict = await client.request('market.bid', { ...bid, key })
      if (verdict.ok) return { acknowledged: verdict.bidId }
      const { code, message } = verdict.error
      if (OPEN_ENDED.includes(code)) throw new Error(message)
      return { refused: code }
    })
  },
}
