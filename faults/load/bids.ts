import { bidBySignal, bidByUpdate } from '../../cli/temporal/agent-workflow.ts'
import type { Random } from '../random.ts'
import { answerOf, type Load, type Scene } from './load.ts'

const BURST_MAX = 5

/** A bid that is like no other of its run: the millionths of its amount are its serial number. */
export function newBid({ history, random }: Pick<Scene, 'history' | 'random'>) {
  const serial = history.nextSerial()
  const amount = `${random.between(1, 60)}.${String(serial).padStart(6, '0')}`
  const share = () => random.between(2, 40) / 100
  return {
    serial,
    mark: amount,
    bid: {
      amount,
      bundle: {
        cpu: share(),
        memory: share(),
        // Prompts are asked from leases that have some.
        attention: random.chance(0.5) ? random.between(1, 10) / 100 : 0,
        // And models are called on them.
        tokens: random.chance(0.5) ? random.between(1, 10) / 100 : 0,
        durationSeconds: random.between(1, 3),
      },
      ...patience(random),
    },
  }
}

/** Some bids wait for later cycles, but none for ever. */
function patience(random: Random) {
  if (!random.chance(0.3)) return {}
  const expiresAt = new Date(Date.now() + random.between(2_000, 6_000)).toISOString()
  return { goodTillCancelled: true, expiresAt }
}

/** Bids by an update of the agent's workflow: the verdict is the answer. */
export const bidsByUpdate: Load = {
  name: 'bids by update',
  everyMs: 600,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const { serial, mark, bid } = newBid(scene)
    const key = `update-${serial}`
    const place = { taskQueue: doors.taskQueue, marketId: market, agent }
    await scene.doKeyed({ kind: 'bid', agent, mark, key }, async () =>
      answerOf(await bidByUpdate(doors.temporal, place, { ...bid, key }), verdict => verdict.bidId),
    )
  },
}

/** Bids by signal, half of them without a key: what is acknowledged is that Temporal has the signal. */
export const bidsBySignal: Load = {
  name: 'bids by signal',
  everyMs: 600,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const { serial, mark, bid } = newBid(scene)
    const place = { taskQueue: doors.taskQueue, marketId: market, agent }
    const wanted = { kind: 'signalled bid' as const, agent, mark }
    const send = (sent: object) => async () => {
      await bidBySignal(doors.temporal, place, sent)
      return { acknowledged: mark }
    }
    if (random.chance(0.5)) await scene.doOnce(wanted, send(bid))
    else {
      const key = `signal-${serial}`
      await scene.doKeyed({ ...wanted, key }, send({ ...bid, key }))
    }
  },
}

/** Bids straight to admission, as `bourse bid --file` sends them, a few at once. */
export const bidsStraight: Load = {
  name: 'bids straight to admission',
  everyMs: 800,
  async act(scene) {
    const { market, doors, random } = scene
    const burst = Array.from({ length: random.between(1, BURST_MAX) }, () => {
      const agent = random.pick(scene.agents)
      const { serial, mark, bid } = newBid(scene)
      const key = `straight-${serial}`
      const submission = { agent, bid: { ...bid, key }, via: 'cli' as const, actor: 'faults' }
      return scene.doKeyed({ kind: 'bid', agent, mark, key }, async () => {
        const [verdict] = await doors.economy.admitBids(market, [submission])
        return answerOf(verdict!, accepted => accepted.bidId)
      })
    })
    await Promise.all(burst)
  },
}
