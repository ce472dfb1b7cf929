import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseEvent } from '../../shared/events/envelope.ts'
import { noticesOf } from '../../shared/notice/notices-of.ts'
import { root } from './markdown.ts'

/** Made by the gateway itself, of no event. */
const NOT_OF_EVENTS = 'notice request_refused: code, message'

/** Every notice that one saved event of each type makes, as `notice <kind>: <fields>` or `public <kind>: <fields>`. */
function noticesOfSavedEvents(): Set<string> {
  const folder = join(root, 'test', 'shared', 'events', 'saved')
  const lines = readdirSync(folder).flatMap(file =>
    readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'),
  )
  const told = lines.flatMap(line => {
    const parsed = parseEvent(line)
    return parsed.ok ? noticesOf(parsed.event) : []
  })
  return new Set(
    told.map(
      ({ agent, kind, data }) =>
        `${agent === null ? 'public' : 'notice'} ${kind}: ${Object.keys(data).join(', ')}`,
    ),
  )
}

function documentedNotices(): Set<string> {
  const told: string[] = []
  let table = ''
  for (const line of readFileSync(join(root, 'docs', 'agents.md'), 'utf8').split('\n')) {
    const cells = line.split('|').map(cell => cell.trim())
    if (cells[2] === 'told when') table = cells[1]!
    const namesIn = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(name => name[1])
    if (cells.length === 5)
      told.push(...namesIn(cells[1]).map(kind => `${table} ${kind}: ${namesIn(cells[3]).join(', ')}`))
  }
  return new Set(told)
}

test('docs/agents.md tells every notice and what is in it', () => {
  const documented = documentedNotices()
  expect(documented.delete(NOT_OF_EVENTS)).toBe(true)
  // One event was saved of each type, and a bid that lost is told in the same fields.
  expect(documented.delete('notice bid_outbid: bidId, cycle, status, amount, score, rank')).toBe(true)
  expect([...documented].toSorted()).toEqual([...noticesOfSavedEvents()].toSorted())
})
