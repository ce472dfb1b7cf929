import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package and what it needs are few; a tree that is larger is not what this is for. */
const PACKAGES_MAX = 100

/**
 * Folders of npm packages by name: those wanted and all they depend on, as they lie side by side in `modules`. What is
 * not installed there is left out.
 */
export function nodePackages(modules: string, wanted: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  const open = [...wanted]
  for (let name = open.pop(); name !== undefined && found.size < PACKAGES_MAX; name = open.pop()) {
    const folder = join(modules, name)
    if (found.has(name) || !existsSync(join(folder, 'package.json'))) continue
    found.set(name, folder)
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    open.push(...Object.keys(dependencies))
  }
  return found
}
