import { userInfo } from 'node:os'

let actor: string | undefined

/** Who acts from here, as rows and events name it: `cli/<user of this machine>`. */
export function cliActor(): string {
  actor ??= `cli/${userName()}`
  return actor
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the machine's list still has a number.
    return String(process.getuid?.() ?? 'unknown')
  }
}
