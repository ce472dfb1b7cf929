/**
 * Characters that are valid in JSON and that a terminal obeys, or that end a line or turn its direction where it is
 * shown: DEL, the C1 controls (among them a one-character CSI), U+2028 and U+2029, marks of direction.
 */
const HIDDEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/g

/** JSON text with those characters as escapes: it reads as the same value. */
export function escapeHidden(json: string): string {
  return json.replace(HIDDEN, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
