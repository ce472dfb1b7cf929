import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ReferenceAgent } from '../../agents/reference/reference-agent.ts'

const FOLDER = fileURLToPath(new URL('../../agents/reference/', import.meta.url))

/** The reference agent of this name: a file of agents/reference whose default export is a function. Throws without one. */
export async function findReferenceAgent(name: string): Promise<ReferenceAgent> {
  const file = `${FOLDER}${name}.ts`
  if (!existsSync(file)) throw new Error(`there is no reference agent ${name} in agents/reference`)
  const module = (await import(pathToFileURL(file).href)) as { default?: ReferenceAgent }
  if (typeof module.default !== 'function') throw new Error(`agents/reference/${name}.ts exports no function`)
  return module.default
}
