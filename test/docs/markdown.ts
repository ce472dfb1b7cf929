import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Page {
  /** From the checkout. */
  path: string
  text: string
}

/** Every page of the documentation. */
export function readPages(): Page[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map(path =>
    join('docs', path),
  )
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs]
    .filter(path => path.endsWith('.md'))
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') }
}

/** The lines of a page's shell blocks, comments left out. */
export function shellLines({ text }: Page): string[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(block => block[1]!)
  return blocks
    .flatMap(block => block.split('\n'))
    .map(line => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter(line => line !== '')
}
