import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseEvent } from '../../../shared/events/envelope.ts'
import { eventTypes } from '../../../shared/events/registry.ts'

const folder = join(import.meta.dirname, 'saved')
const saved = readdirSync(folder).flatMap(file =>
  readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'),
)

test('every type of event has one that was saved', () => {
  const types = saved.map(line => JSON.parse(line).type)
  expect(Object.keys(eventTypes).filter(type => !types.includes(type))).toEqual([])
})

test.each(saved)('an event that was written once is still read: %.120s', line => {
  expect(parseEvent(line)).toEqual({ ok: true, event: JSON.parse(line) })
})
