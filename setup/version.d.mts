export function parseVersion(text: string): [number, number, number] | undefined
export function compareVersions(left: string, right: string): number
export function versionWithin(version: string, range: { atLeast: string; below?: string }): boolean
