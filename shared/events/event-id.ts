import { hash } from 'node:crypto'
import { parse, stringify, v5 as uuidV5 } from 'uuid'

/** The namespace of Bourse's event ids, itself made from the DNS-independent name "bourse.event". */
const EVENT_NAMESPACE = parse(uuidV5('bourse.event', '00000000-0000-0000-0000-000000000000'))

/**
 * The one id of an event for ever: a UUID version 5 (RFC 9562, section 5.5) of the market, its epoch, the operation
 * that made it and its place within that operation. Hashed by Node itself: a cycle makes a hundred thousand of them.
 */
export function eventIdOf(marketId: string, epoch: number, operation: string, ordinal: number): string {
  const name = Buffer.from(`${marketId}/${epoch}/${operation}/${ordinal}`)
  const digest = hash('sha1', Buffer.concat([EVENT_NAMESPACE, name]), 'buffer')
  digest[6] = (digest[6]! & 0x0f) | 0x50
  digest[8] = (digest[8]! & 0x3f) | 0x80
  return stringify(digest)
}
