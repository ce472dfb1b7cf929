interface LockedPackages {
  packages?: Record<string, Record<string, unknown>>
}
export function installedMatchesLock(
  lock: LockedPackages | undefined,
  installed: LockedPackages | undefined,
): boolean
export function dependenciesInstalled(checkout: string): boolean
export function ensureInstalled(checkout: string): Promise<void>
export function ensurePostgresLinks(checkout: string): void
