import type { Answer } from '../history.ts'
import { answerOf, type Load, type Scene } from './load.ts'
import { settled } from './over-nats.ts'

const OPERATOR = 'operator'

/**
 * Spawns an agent with next to nothing. Some children give what they have back: without credits they fall dormant, and
 * die, unless they are given some or revived.
 */
export const births: Load = {
  name: 'births',
  everyMs: 3_000,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const parent = random.pick(scene.agents)
    const serial = scene.history.nextSerial()
    const child = `child-${serial}`
    const amountMicro = BigInt(random.between(1, 3_000_000))
    const request = { agent: child, credits: credits(amountMicro), key: `spawn-${serial}` }
    const born = await scene.doKeyed({ kind: 'spawn', agent: parent, mark: child, key: request.key }, () =>
      spawn(scene, parent, request),
    )
    if (born.outcome !== 'acknowledged' || random.chance(0.4)) return
    const mark = `transfer-${scene.history.nextSerial()}`
    const gift = { marketId, from: child, to: parent, amountMicro, purpose: mark, key: mark }
    await scene.doKeyed({ kind: 'transfer', agent: child, mark, key: mark }, async () =>
      answerOf(await doors.ledger.transfer(gift), moved => moved.operationId),
    )
  },
}

async function spawn(
  { doors, market }: Scene,
  parent: string,
  request: { agent: string; credits: string; key: string },
): Promise<Answer> {
  const client = await doors.agent(market, parent)
  return settled(await client.request('social.spawn', request), born => born.operationId)
}

/** Has an agent fall asleep, which the next win ends. */
export const sleeps: Load = {
  name: 'sleeps',
  everyMs: 4_000,
  async act(scene) {
    const { market, doors, random } = scene
    const agent = random.pick(scene.agents)
    const key = `sleep-${scene.history.nextSerial()}`
    await scene.doKeyed({ kind: 'sleep', agent, mark: key, key }, async () => {
      const client = await doors.agent(market, agent)
      return settled(await client.request('life.sleep', { key }), asleep => asleep.status)
    })
  },
}

/** Revives or wakes an agent that is not alive, or gives it credits first. */
export const revivals: Load = {
  name: 'revivals and alms',
  everyMs: 4_000,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const agent = await findResting(scene, random.below(1_000)).catch(() => null)
    if (agent === null) return
    if (random.chance(0.5)) {
      const mark = `grant-${scene.history.nextSerial()}`
      const grant = {
        marketId,
        agent,
        amountMicro: BigInt(random.between(1, 2_000_000)),
        reason: mark,
        key: mark,
      }
      await scene.doKeyed({ kind: 'grant', agent, mark, key: mark }, async () =>
        answerOf(await doors.ledger.grant(grant), moved => moved.operationId),
      )
    }
    const reason = `revive-${scene.history.nextSerial()}`
    await scene.doOnce({ kind: 'revive', agent, mark: reason }, async () => {
      const revived = await doors.identity.reviveAgent({ marketId, agent, reason, actor: OPERATOR })
      if (revived.ok && revived.was === 'alive') return { refused: 'was_alive' }
      return answerOf(revived, ({ was }) => was)
    })
  },
}

async function findResting({ doors, market }: Scene, place: number): Promise<string | null> {
  const { rows } = await doors.db.query(
    `select name from agents where market_id = $1 and status <> 'alive' order by name
      offset $2::integer % greatest(1, (select count(*) from agents where market_id = $1 and status <> 'alive')) limit 1`,
    [market, place],
  )
  return rows[0]?.name ?? null
}

function credits(amountMicro: bigint): string {
  return `${amountMicro / 1_000_000n}.${String(amountMicro % 1_000_000n).padStart(6, '0')}`
}
