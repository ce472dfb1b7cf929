import { z } from 'zod'

/** How a scenario may be varied without becoming another one. */
export const variationSchema = z.strictObject({
  credits: z
    .array(z.string().regex(/^(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?$/, 'must be a numeral such as 120 or 0.5'))
    .max(64)
    .default([])
    .describe(
      'numerals that are credits: all are multiplied by one factor, wherever they stand as whole numerals',
    ),
  words: z
    .record(
      z.string().regex(/^[A-Za-z][\w-]{1,62}$/, 'must be one word'),
      z
        .array(z.string().regex(/^[A-Za-z][\w-]{1,62}$/))
        .min(1)
        .max(16),
    )
    .default({})
    .describe(
      'words, such as ids of agents, and what may stand for each, wherever it stands as a whole word',
    ),
  shuffled: z
    .array(z.string().regex(/^[a-z_]+(?:\.[A-Za-z_]+)*$/))
    .max(16)
    .default([])
    .describe('paths of lists whose order tells nothing, such as task.decisions'),
})

export type Variation = z.infer<typeof variationSchema>
