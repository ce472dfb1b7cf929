import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { PATIENCE_MS } from '../patience.ts'
import { type Page, readPages, root, shellLines } from './markdown.ts'

const pages = readPages()
const program = await wholeProgram()

/** Every command in cli/commands, registered as the program does. */
async function wholeProgram(): Promise<Command> {
  const whole = new Command('bourse')
  const folder = join(root, 'cli', 'commands')
  for (const file of readdirSync(folder).filter(name => name.endsWith('.ts'))) {
    const module = (await import(join(folder, file))) as Record<string, (program: Command) => void>
    for (const [name, register] of Object.entries(module)) if (name.startsWith('register')) register(whole)
  }
  return whole
}

function find(parent: Command, name: string | undefined): Command | undefined {
  return parent.commands.find(command => command.name() === name)
}

/** What a command does when none of its verbs is named. */
function usual(noun: Command): Command | undefined {
  return find(noun, (noun as { _defaultCommandName?: string })._defaultCommandName)
}

/** The commands a page shows: in its shell blocks, and as code in its text. */
function commandLines(page: Page): string[] {
  const prose = page.text.replace(/^```.*?^```/gms, '')
  const inline = [...prose.matchAll(/`((?:npx )?bourse [^`]+)`/g)].map(code => code[1]!)
  return [...shellLines(page), ...inline]
    .flatMap(line => /\bbourse (.*)$/.exec(line)?.[1] ?? [])
    .filter(command => !/^[-<]/.test(command))
}

/** What is wrong with a command line: a command, a verb or an option that does not exist. */
function problemOf(commandLine: string): string | null {
  const words = commandLine.split(/\s+/)
  const noun = find(program, words[0])
  if (noun === undefined) return `there is no command ${words[0]}`
  const command = noun.commands.length === 0 ? noun : (find(noun, words[1]) ?? usual(noun))
  if (command === undefined) return `${words[0]} has no ${words[1]}`
  const known = new Set(['--help', ...command.options.map(option => option.long)])
  const unknown = words.filter(word => word.startsWith('--') && !known.has(word))
  return unknown.length === 0 ? null : `there is no ${unknown.join(', ')}`
}

test.each(pages)('$path shows commands and options that exist', page => {
  const problems = commandLines(page).flatMap(line => {
    const problem = problemOf(line)
    return problem === null ? [] : [`bourse ${line}: ${problem}`]
  })
  expect(problems).toEqual([])
})

describe('the table of commands in the README', () => {
  const { text } = pages.find(page => page.path === 'README.md')!
  const section = /^## The commands\n(.*?)^## /ms.exec(text)![1]!
  const told = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(row => {
    const names = [...row[1]!.matchAll(/`([^`]+)`/g)].map(name => name[1]!)
    const [noun, verb] = names[0]!.split(' ')
    return verb === undefined ? names : [names[0]!, ...names.slice(1).map(name => `${noun} ${name}`)]
  })

  test('has every command there is, and no other', () => {
    const had = program.commands.flatMap(noun =>
      noun.commands.length === 0
        ? [noun.name()]
        : noun.commands.map(command => `${noun.name()} ${command.name()}`),
    )
    expect(told.toSorted()).toEqual(had.toSorted())
  })

  test(
    'has what the program itself lists',
    async () => {
      const args = ['--disable-warning=ExperimentalWarning', join(root, 'cli', 'main.ts'), '--help']
      const { stdout } = await promisify(execFile)(process.execPath, args)
      const list = /^Commands:\n(.*)/ms.exec(stdout)![1]!
      const nouns = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(name => name[1]!)
      expect(new Set(nouns)).toEqual(new Set([...told.map(name => name.split(' ')[0]!), 'help']))
    },
    PATIENCE_MS,
  )
})
