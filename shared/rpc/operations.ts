import type { z } from 'zod'
import { attentionOperations } from './attention.ts'
import { bidOperations } from './bid.ts'
import { codeOperations } from './code.ts'
import { economicOperations } from './economic.ts'
import { leaseOperations } from './lease.ts'
import { lifeOperations } from './life.ts'
import { marketOperations } from './market.ts'
import type { HandlersOf } from './operation.ts'
import { outputOperations } from './output.ts'
import { serviceOperations } from './service.ts'
import { socialOperations } from './social.ts'
import { taskOperations } from './task.ts'
import { traceOperations } from './trace.ts'

/**
 * Every operation that agents may ask of the gateway. From this table come what the gateway serves, what
 * `bourse rpc schema` prints, the client and the documentation: adding an operation is one entry and its handler.
 */
export const operations = {
  ...taskOperations,
  ...economicOperations,
  ...marketOperations,
  ...bidOperations,
  ...leaseOperations,
  ...attentionOperations,
  ...lifeOperations,
  ...socialOperations,
  ...serviceOperations,
  ...traceOperations,
  ...outputOperations,
  ...codeOperations,
}

export type OperationName = keyof typeof operations
/** What a caller sends. */
export type RequestOf<Name extends OperationName> = z.input<(typeof operations)[Name]['request']>
/** What a caller gets when it is not refused. */
export type ReplyOf<Name extends OperationName> = z.output<(typeof operations)[Name]['reply']>

export type Handlers = HandlersOf<typeof operations>

/** True when `name` is an operation of this table. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}
