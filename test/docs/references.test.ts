import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPage, readPages, root, shellLines } from './markdown.ts'

const SOURCE_FOLDERS = ['setup', 'shared', 'workflows', 'activities', 'workers', 'cli', 'agents']
const PATH_IN_TEXT =
  /`((?:setup|shared|workflows|activities|workers|cli|agents|test|docs|docker|bench|\.ci)\/[^`\s<]*)`/g
/** A file of tests, and names of tests in it: `test/x.test.ts` "does this", "does that". */
const NAMED_TESTS = /`(test\/[^`]+\.ts)`((?:,?\s+"[^"\n]+")+)/g

const pages = readPages()

function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function sourceText(): string {
  return SOURCE_FOLDERS.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(path => /\.(ts|mjs)$/.test(path))
      .map(path => readSource(join(folder, path))),
  ).join('\n')
}

/** A test's name as a source spells it. */
function quoted(name: string): string[] {
  return [`'${name}'`, `"${name}"`, `\`${name}\``]
}

describe.each(pages)('$path', ({ path, text }) => {
  test('links to pages that are there', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(link => link[1]!)
    const broken = links
      .filter(link => !/^(https?:|#)/.test(link))
      .map(link => link.replace(/#.*$/, ''))
      .filter(link => !existsSync(join(root, dirname(path), link)))
    expect(broken).toEqual([])
  })

  test('names files that are there', () => {
    const named = [...text.matchAll(PATH_IN_TEXT)].map(match => normalize(match[1]!))
    expect(named.filter(file => !existsSync(join(root, file)))).toEqual([])
  })

  test('names tests that are there', () => {
    const missing = [...text.matchAll(NAMED_TESTS)].flatMap(([, file = '', names = '']) => {
      const source = existsSync(join(root, file)) ? readSource(file) : ''
      return [...names.matchAll(/"([^"]+)"/g)]
        .map(name => name[1]!)
        .filter(name => !quoted(name).some(text => source.includes(text)))
        .map(name => `${file}: ${name}`)
    })
    expect(missing).toEqual([])
  })
})

describe('the invariants', () => {
  test('each say what shows them: a test by name, the audit, or every run', () => {
    const rows = readPage('docs/invariants.md')
      .text.split('\n')
      .filter(line => line.startsWith('| ') && !line.startsWith('| holds') && !line.startsWith('|---'))
    const unshown = rows.filter(row => !/`test\/[^`]+` "|\| audit|every `npm test`/.test(row))
    expect(rows.length).toBeGreaterThan(20)
    expect(unshown).toEqual([])
  })

  test('name constraints that the migrations make', () => {
    const folder = 'shared/db/migrations'
    const migrations = readdirSync(join(root, folder))
      .map(file => readSource(join(folder, file)))
      .join('\n')
    const named = readPage('docs/invariants.md')
      .text.split('\n')
      .flatMap(line => [...line.matchAll(/(?:CHECK|trigger|index|UNIQUE) ((?:`[a-z_]+`(?:, )?)+)/g)])
      .flatMap(match => [...match[1]!.matchAll(/`([a-z_]+)`/g)].map(name => name[1]!))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(name => !migrations.includes(name))).toEqual([])
  })
})

describe('the README', () => {
  const { text } = readPage('README.md')

  test('names every variable of the environment, and none that nothing reads', () => {
    const told = new Set(text.match(/BOURSE_[A-Z_]+/g))
    const read = new Set(sourceText().match(/BOURSE_[A-Z_]+/g))
    expect([...read].filter(name => !told.has(name))).toEqual([])
    const elsewhere = new Set(readSource('docker-compose.yml').match(/BOURSE_[A-Z_]+/g))
    expect([...told].filter(name => !read.has(name) && !elsewhere.has(name))).toEqual([])
  })

  test('runs only scripts that package.json has', () => {
    const { scripts } = JSON.parse(readSource('package.json'))
    const used = [
      ...pages
        .flatMap(shellLines)
        .join('\n')
        .matchAll(/^npm (?:run (\S+)|(test|start))/gm),
    ]
    expect(used.length).toBeGreaterThan(3)
    expect(used.map(match => match[1] ?? match[2]!).filter(name => !(name in scripts))).toEqual([])
  })
})
