import { answerOf, type Load, type Scene } from './load.ts'

const OPERATOR = 'operator'

/** Ends a lease early, with its credits back or without, now and then twice at once with both. */
export const revocations: Load = {
  name: 'revocations',
  everyMs: 2_500,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const leaseId = await findLease(scene, random.below(1_000)).catch(() => null)
    if (leaseId === null) return
    const revoke = (refund: boolean) =>
      scene.doKeyed({ kind: 'revoked lease', agent: OPERATOR, mark: leaseId, key: leaseId }, async () =>
        answerOf(
          await doors.identity.revokeLease({ marketId, leaseId, refund, reason: 'faults', actor: OPERATOR }),
          revoked => revoked.refund,
        ),
      )
    await Promise.all(random.pick([[true], [false], [true, false]]).map(revoke))
  },
}

async function findLease({ doors, market }: Scene, place: number): Promise<string | null> {
  const { rows } = await doors.db.query(
    `select lease_id from leases where market_id = $1 and status = 'active' order by lease_id
      offset $2::integer % greatest(1, (select count(*) from leases where market_id = $1 and status = 'active')) limit 1`,
    [market, place],
  )
  return rows[0]?.lease_id ?? null
}
