import { z } from 'zod'

/** Anything that JSON can say, in at most so many bytes as JSON. */
export function jsonField(bytesMax: number) {
  return z.unknown().superRefine((value, context) => {
    const bytes = value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
    if (bytes > bytesMax) {
      context.addIssue({
        code: 'custom',
        message: `has ${bytes} bytes as JSON; at most ${bytesMax} are taken`,
      })
    }
  })
}
