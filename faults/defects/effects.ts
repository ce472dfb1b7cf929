import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Notes that the defect of a market has done harm, for whoever waits for that. */
export function noteEffect(folder: string, market: string): void {
  writeFileSync(fileOf(folder, market), '')
}

/** Whether a market's defect has done harm, in whichever worker. */
export function hadEffect(folder: string, market: string): boolean {
  return existsSync(fileOf(folder, market))
}

function fileOf(folder: string, market: string): string {
  return join(folder, `${market}.defect`)
}
