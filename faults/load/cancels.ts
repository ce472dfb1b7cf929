import { newBid } from './bids.ts'
import { answerOf, type Load } from './load.ts'

/** Places a bid that waits, and takes it back before or after a cycle had it. */
export const cancels: Load = {
  name: 'cancels',
  everyMs: 900,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const { serial, mark, bid } = newBid(scene)
    const key = `cancel-${serial}`
    const submission = { agent, bid: { ...bid, key }, via: 'cli' as const, actor: 'faults' }
    const placed = await scene.doKeyed({ kind: 'bid', agent, mark, key }, async () => {
      const [verdict] = await doors.economy.admitBids(market, [submission])
      return answerOf(verdict!, accepted => accepted.bidId)
    })
    const bidId = placed.answers[0]
    if (bidId === undefined) return
    await scene.pause(random.below(400))
    await scene.doKeyed({ kind: 'cancel', agent, mark: bidId, key: bidId }, async () =>
      answerOf(await doors.economy.cancelBid({ marketId: market, agent, bidId }), () => bidId),
    )
  },
}
