import { z } from 'zod'

const ms = z.number().int().min(0).max(3_600_000)
const count = z.number().int().min(0).max(100_000_000)

/** What a scripted upstream does with one request. Every other field of an answer applies where it makes sense. */
export const behaviourSchema = z.strictObject({
  does: z.enum([
    'answer',
    'rate_limit',
    'fail',
    'hang',
    'cut',
    'invalid_json',
    'wrong_content_type',
    'huge_body',
    'redirect',
    'error_in_stream',
    'no_end',
    'no_done',
    'headers_only',
    'repeat_authorization',
  ]),
  /** Words of the answer, each one token; at most as many as the request allows unless `ignoresLimit`. */
  words: count.default(8),
  /** Said instead of the words. */
  text: z.string().optional(),
  /** Said instead of both: so many first words of each sentence of the request's last message. */
  wordsOfSentence: count.min(1).optional(),
  ignoresLimit: z.boolean().default(false),
  /** Until the first byte. */
  firstTokenMs: ms.default(0),
  /** Between two words of a stream. */
  dripMs: ms.default(0),
  /** Whether usage is told (in a stream: when asked for). */
  tellsUsage: z.boolean().default(true),
  /** For `fail`. */
  status: z.number().int().min(200).max(599).default(500),
  /** The Retry-After header of `rate_limit` and `fail`. */
  retryAfter: z.string().optional(),
  /** For `huge_body`. */
  bytes: count.default(100_000_000),
  /** For `redirect`. */
  location: z.string().default('http://127.0.0.1:9/'),
})

export type Behaviour = z.output<typeof behaviourSchema>

/** One behaviour a request, in order; the last one stays. */
export const scriptSchema = z.array(behaviourSchema).min(1).max(10_000)
