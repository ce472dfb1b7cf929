import { type AttemptTimer, CallerGone } from './attempt-timer.ts'
import type { ChatRequest } from './chat-request.ts'
import type { ChatSink } from './chat-sink.ts'
import { createEventSplitter, EventTooLong, type StreamEvent } from './event-stream.ts'
import type { LlmClock } from './llm-clock.ts'
import type { Route } from './llm-config.ts'
import { BadAnswer, parseObject, promptTokensCounted, withoutKey } from './read-answer.ts'
import { countTokens, readUsage, spokenBytes, type Usage } from './usage.ts'

/** What is known of a stream at any moment. */
export interface StreamTally {
  hasBegun: boolean
  /** What follows the stream's end is being read, so that its connection can be used again. */
  isDraining: boolean
  /** What it has taken so far. */
  usage(): Usage
}

export interface RelayInput {
  request: ChatRequest
  route: Route
  key: string | undefined
  responseBytesMax: number
  timer: AttemptTimer
  clock: LlmClock
  sink: ChatSink
  onBegun: () => void
}

export const STREAM_END = Buffer.from('data: [DONE]\n\n')
const EVENT_BYTES_MAX = 1_048_576
/** An upstream that keeps its connection open after its last word is hung up on. */
const DRAIN_MS = 1_000
/** After every answer is finished the usage follows at once, if at all. */
const FINISHED_IDLE_MS = 3_000

/**
 * Passes a stream's events on as they came, each after it was found to be whole. Only `[DONE]` is kept back, and the
 * event with the usage when the caller did not ask for it. `finished` gives what the stream took; it rejects with a
 * BadAnswer, a broken connection, or CallerGone.
 */
export function relayStream(
  body: AsyncIterable<Uint8Array>,
  input: RelayInput,
): { tally: StreamTally; finished: Promise<Usage> } {
  const { request, route, timer } = input
  const splitter = createEventSplitter(EVENT_BYTES_MAX)
  const finishedChoices = new Set<unknown>()
  let reported: Usage | null = null
  let pieces = 0
  let bytesSpoken = 0
  /** What had been said when the usage was last reported. */
  let reportedAt = { bytes: 0, pieces: 0 }
  let bytesRead = 0
  let isDone = false

  const tally: StreamTally = {
    hasBegun: false,
    isDraining: false,
    usage: () => {
      const unreported = countTokens(bytesSpoken - reportedAt.bytes, pieces - reportedAt.pieces)
      if (reported !== null) return { ...reported, completionTokens: reported.completionTokens + unreported }
      return {
        promptTokens: promptTokensCounted(request),
        completionTokens: unreported,
        cachedTokens: 0,
        source: 'counted',
      }
    },
  }
  return { tally, finished: relay() }

  async function relay(): Promise<Usage> {
    const iterator = body[Symbol.asyncIterator]()
    while (!isDone) {
      const next = await readNext(iterator)
      if (next.done) break
      bytesRead += next.value.length
      if (bytesRead > input.responseBytesMax) {
        throw new BadAnswer('too_large', `its answer is longer than ${input.responseBytesMax} bytes`)
      }
      await passOn(split(next.value))
      if (tally.hasBegun) timer.arm('idle_timeout', idleMs())
    }
    if (isDone) drain(iterator)
    else await passOn(splitter.end())
    if (!tally.hasBegun) throw new BadAnswer('bad_response', 'its stream ended before its first word')
    if (!isDone && !isFinished()) {
      throw new BadAnswer('stream_error', 'its stream ended in the middle')
    }
    return tally.usage()
  }

  /** An upstream that has finished every answer and then forgets to say that it is done has nothing more to say. */
  async function readNext(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next()
    } catch (error) {
      if (isFinished() && !(timer.signal.reason instanceof CallerGone))
        return { done: true, value: undefined }
      throw error
    }
  }

  function isFinished(): boolean {
    return finishedChoices.size >= request.choices
  }

  function idleMs(): number {
    const { timeouts } = route.upstream
    return isFinished() ? Math.min(timeouts.idleMs, FINISHED_IDLE_MS) : timeouts.idleMs
  }

  function split(bytes: Uint8Array): StreamEvent[] {
    try {
      return splitter.push(bytes)
    } catch (error) {
      if (!(error instanceof EventTooLong)) throw error
      throw new BadAnswer('too_large', error.message)
    }
  }

  async function passOn(events: readonly StreamEvent[]): Promise<void> {
    const passed: Buffer[] = []
    try {
      for (const event of events) {
        isDone = event.data?.trim() === '[DONE]'
        if (isDone) break
        const told = read(event)
        if (told !== null) passed.push(told)
      }
    } finally {
      // What stands before a word that makes no sense was said, too.
      await write(passed)
    }
  }

  /** What to pass on of an event, or null; counts it. */
  function read({ raw, data }: StreamEvent): Buffer | null {
    if (data === null) return tally.hasBegun ? raw : null
    // By the standard no event at all, though some clients would read it.
    if (data === '') return null
    const { error, choices, usage } = parseObject(data)
    if (error !== undefined && error !== null)
      throw new BadAnswer('stream_error', 'it told an error in its stream')
    if (!tally.hasBegun) {
      tally.hasBegun = true
      timer.disarm('first_token_timeout')
      input.onBegun()
    }
    const list: unknown[] = Array.isArray(choices) ? choices : []
    for (const choice of list) count(choice)
    const told = readUsage(usage)
    if (told !== null) {
      reported = told
      reportedAt = { bytes: bytesSpoken, pieces }
    }
    const isUsageAlone = list.length === 0 && usage !== undefined && usage !== null
    return isUsageAlone && !request.wantsUsage ? null : withoutKey(raw, input.key)
  }

  function count(choice: unknown): void {
    if (typeof choice !== 'object' || choice === null) return
    const { delta, finish_reason, index } = choice as Record<string, unknown>
    const bytes = spokenBytes(delta)
    bytesSpoken += bytes
    if (bytes > 0) pieces += 1
    if (finish_reason !== undefined && finish_reason !== null) finishedChoices.add(index)
  }

  async function write(passed: readonly Buffer[]): Promise<void> {
    if (passed.length === 0) return
    // A caller that reads slowly is not the upstream's silence.
    timer.disarm('idle_timeout')
    try {
      await input.sink.write(passed.length === 1 ? passed[0]! : Buffer.concat(passed))
    } catch (error) {
      throw new CallerGone((error as Error).message)
    }
  }

  function drain(iterator: AsyncIterator<Uint8Array>): void {
    tally.isDraining = true
    timer.disarm('idle_timeout')
    const cancel = input.clock.after(DRAIN_MS, () => timer.end())
    const readOn = async () => {
      while (!(await iterator.next()).done) {
        // Nothing counts after the end.
      }
    }
    void readOn()
      .catch(() => {})
      .finally(() => {
        cancel()
        timer.end()
      })
  }
}
