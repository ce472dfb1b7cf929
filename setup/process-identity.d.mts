export interface ProcessIdentity {
  pid: number
  birth: string
}
export function birthOf(pid: number): string | undefined
export function isRunning(identity: ProcessIdentity): boolean
export function ownIdentity(): ProcessIdentity
export function sessionMembers(leader: ProcessIdentity): ProcessIdentity[]
export function parseStat(line: string): { state: string; session: number; startTicks: string }
