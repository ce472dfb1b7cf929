const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text with everything escaped that could move a terminal's cursor, colour it or turn its direction. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** A JSON document on one line, with nothing in it that a terminal would obey; it reads as the same document. */
export function safeJson(document: unknown): string {
  return JSON.stringify(document).replace(UNSAFE, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
