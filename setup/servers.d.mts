export interface ServerPin {
  title: string
  binary: string
  pinned: string
  range: { atLeast: string; below?: string }
  versionPattern: RegExp
  addressVariable: string
  repository: string
  archive: (platform: string, arch: string) => string
  checksums: string
  goModule: string
  downloadSeconds: number
  buildSeconds: number
}
export type FoundServer =
  | { kind: 'address'; address: string }
  | { kind: 'binary'; path: string; version: string; from: string }
type Environment = Record<string, string | undefined>
export const SERVERS: { nats: ServerPin; temporal: ServerPin }
export function cacheDir(env?: Environment): string
export function cachedBinary(server: ServerPin, env?: Environment): string
export function onPath(name: string, env?: Environment): string[]
export function versionIn(server: ServerPin, output: string): string | undefined
export function judgeBinary(
  server: ServerPin,
  path: string,
): { ok: true; version: string } | { ok: false; version?: string; problem: string }
export function rangeText(range: { atLeast: string; below?: string }): string
export function searchServer(
  server: ServerPin,
  env?: Environment,
): { found: FoundServer | undefined; tried: string[] }
