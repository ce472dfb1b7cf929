import { v5 as uuidV5 } from 'uuid'

/** The namespace of Bourse's event ids, itself made from the DNS-independent name "bourse.event". */
const EVENT_NAMESPACE = uuidV5('bourse.event', '00000000-0000-0000-0000-000000000000')

/**
 * The one id of an event for ever: a UUID version 5 (RFC 9562) of the market, its epoch, the operation
 * that made it and its place within that operation.
 */
export function eventIdOf(marketId: string, epoch: number, operation: string, ordinal: number): string {
  return uuidV5(`${marketId}/${epoch}/${operation}/${ordinal}`, EVENT_NAMESPACE)
}
