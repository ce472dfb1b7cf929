import type { FoundServer, ServerPin } from './servers.mjs'

export interface Check {
  name: string
  ok: boolean
  required: boolean
  detail: string
  remedy: string
  seconds: number
}
export function checkMachine(
  checkout: string,
  options?: { quick?: boolean; env?: Record<string, string | undefined> },
): Promise<Check[]>
export function blockingChecks(checks: Check[]): Check[]
export function checkPlatform(machine: { platform: string; arch: string }): Check
export function checkMemory(bytes: number): Check
export function checkServer(
  server: ServerPin,
  search: { found: FoundServer | undefined; tried: string[] },
  go: { usable: boolean; detail: string },
): Check
