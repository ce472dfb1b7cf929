const LONG_NUMBER = /\d{16}/

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON

/**
 * Parses JSON so that writing it again gives the same values: a number with more digits than a double holds is kept
 * as it was written. Throws what `JSON.parse` throws.
 */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text)
  const keepNumbers: Reviver = (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value
  return JSON.parse(text, keepNumbers as Parameters<typeof JSON.parse>[1])
}
