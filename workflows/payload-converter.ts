import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common'

/**
 * The default JSON converter, except that a payload which cannot be read becomes `{ unreadable: <why> }` instead of
 * an exception: a signal of broken bytes is refused like any other nonsense and stalls no workflow.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: value => defaultPayloadConverter.toPayload(value),
  fromPayload: <T>(payload: Payload): T => {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload)
    } catch (error) {
      return { unreadable: (error as Error).message.slice(0, 200) } as T
    }
  },
}
