import { answerOf, type Load } from './load.ts'

/** Credits from agent to agent, each with a purpose like no other. */
export const transfers: Load = {
  name: 'transfers',
  everyMs: 500,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const [from, to] = [random.pick(scene.agents), random.pick(scene.agents)]
    if (from === to) return
    const mark = `transfer-${scene.history.nextSerial()}`
    const amountMicro = BigInt(random.between(1, 20_000_000))
    const request = { marketId, from, to, amountMicro, purpose: mark, key: mark }
    await scene.doKeyed({ kind: 'transfer', agent: from, mark, key: mark }, async () =>
      answerOf(await doors.ledger.transfer(request), moved => moved.operationId),
    )
  },
}

/** New credits for an agent, each with a reason like no other. */
export const grants: Load = {
  name: 'grants',
  everyMs: 2_000,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const agent = random.pick(scene.agents)
    const mark = `grant-${scene.history.nextSerial()}`
    const amountMicro = BigInt(random.between(1, 50_000_000))
    await scene.doKeyed({ kind: 'grant', agent, mark, key: mark }, async () =>
      answerOf(
        await doors.ledger.grant({ marketId, agent, amountMicro, reason: mark, key: mark }),
        moved => moved.operationId,
      ),
    )
  },
}

/** Sets credits aside, then pays them or gives them back, sometimes both at once. */
export const holds: Load = {
  name: 'holds',
  everyMs: 1_200,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const { ledger } = doors
    const [agent, to] = [random.pick(scene.agents), random.pick(scene.agents)]
    const mark = `hold-${scene.history.nextSerial()}`
    const amountMicro = BigInt(random.between(1, 5_000_000))
    const placed = await scene.doKeyed({ kind: 'hold', agent, mark, key: mark }, async () =>
      answerOf(
        await ledger.placeHold({ marketId, agent, amountMicro, ref: mark, key: mark }),
        hold => hold.holdId,
      ),
    )
    const holdId = placed.answers[0]
    if (holdId === undefined) return
    const settle = () =>
      scene.doKeyed({ kind: 'settled hold', agent, mark: holdId, key: holdId }, async () =>
        answerOf(await ledger.settleHold({ marketId, holdId, to }), hold => hold.holdId),
      )
    const release = () =>
      scene.doKeyed({ kind: 'released hold', agent, mark: holdId, key: holdId }, async () =>
        answerOf(await ledger.releaseHold({ marketId, holdId }), hold => hold.holdId),
      )
    const endings = random.pick([[settle], [release], [settle, release]])
    await Promise.all(endings.map(end => end()))
  },
}
