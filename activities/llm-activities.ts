import { CancelledFailure, Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { validate as isUuid, v7 as uuidV7 } from 'uuid'
import { readChatRequest } from '../shared/llm/chat-request.ts'
import { NO_SINK } from '../shared/llm/chat-sink.ts'
import type { ChatAnswer, ChatCall } from '../shared/llm/complete-chat.ts'
import { errorBody, type LlmRefusal, refuseCall } from '../shared/llm/llm-refusal.ts'

/** What workflows have models do. */
export interface LlmActivities {
  /**
   * Completes a chat on a lease; `request` is the body of an OpenAI chat completion, which is answered in one piece.
   * Fails for good with the type of a refusal's code; what may pass by itself fails for now, with the delay it told.
   */
  completeChat(input: {
    leaseId: string
    request: unknown
  }): Promise<{ completion: unknown; chargedTokens: number }>
}

/** Temporal carries payloads of up to 2 MiB. */
const ANSWER_BYTES_MAX = 1_048_576
const PASSING_STATUSES = [402, 408, 429, 499, 500, 502, 503, 504]

/** Makes the activities on the core. */
export function createLlmActivities({
  complete,
}: {
  complete: (call: ChatCall) => Promise<ChatAnswer>
}): LlmActivities {
  return {
    async completeChat({ leaseId, request }) {
      if (!isUuid(leaseId)) throw failureOf(refuseCall('unknown_token', 'there is no such lease'))
      const read = readChatRequest(request)
      if (!read.ok) throw failureOf(read)
      if (read.request.stream) {
        throw failureOf(
          refuseCall('invalid_request', 'stream: an activity answers in one piece', { param: 'stream' }),
        )
      }
      const { cancellationSignal } = Context.current()
      const answer = await complete({
        callId: uuidV7(),
        leaseId,
        request: read.request,
        headers: {},
        signal: cancellationSignal,
        sink: NO_SINK,
        traceparent: null,
      })
      if (cancellationSignal.aborted) throw new CancelledFailure('the call was cancelled')
      if (!answer.ok) throw failureOf(answer)
      if (answer.kind === 'refused_by_upstream') {
        const { status, body } = answer
        throw ApplicationFailure.nonRetryable(
          `the upstream refused the request with status ${status}`,
          'upstream_refused',
          body,
        )
      }
      if (answer.kind !== 'answered') throw new Error('an answer in one piece was streamed')
      const { body, chargedTokens } = answer
      if (body.length > ANSWER_BYTES_MAX) {
        throw ApplicationFailure.nonRetryable(
          `the answer has ${body.length} bytes, a workflow takes ${ANSWER_BYTES_MAX}`,
          'answer_too_large',
        )
      }
      return { completion: JSON.parse(body.toString()), chargedTokens }
    },
  }
}

function failureOf(refusal: LlmRefusal): ApplicationFailure {
  const { code, message, status, retryAfterSeconds } = refusal
  const mayPass = PASSING_STATUSES.includes(status) && code !== 'lease_tokens_used_up'
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: !mayPass,
    details: [errorBody(refusal).error],
    ...(mayPass && retryAfterSeconds !== undefined ? { nextRetryDelay: `${retryAfterSeconds} seconds` } : {}),
  })
}
