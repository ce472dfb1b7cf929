import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SERVERS } from '../../../setup/servers.mjs'
import { type Bus, connectBus } from '../../../shared/bus/connect.ts'
import { publishOutbox } from '../../../shared/bus/publish.ts'
import { prepareHome } from '../../../workers/stack/home.ts'
import { obtainServer } from '../../../workers/stack/ladder.ts'
import { natsUrl } from '../../../workers/stack/nats.ts'
import { type Part, startPart, waitUntilReady } from '../../../workers/stack/part.ts'
import { choosePorts } from '../../../workers/stack/ports.ts'
import { stackSecrets } from '../../../workers/stack/secrets.ts'
import { natsServer, type StackServer } from '../../../workers/stack/stack-servers.ts'
import { PATIENCE_MS } from '../../patience.ts'
import { commitEvents, connectServers, makeMarket, type Servers } from './market-events.ts'
import { streamEventIds, tableEventIds } from './stream-contents.ts'

const DUPLICATE_WINDOW_MS = 100
const home = mkdtempSync(join(tmpdir(), 'bourse-nats-'))
let servers: Servers
let nats: StackServer
let part: Part
let bus: Bus

beforeAll(async () => {
  servers = await connectServers()
  prepareHome(home)
  const env = { ...process.env, BOURSE_NATS_URL: undefined }
  const found = await obtainServer(SERVERS.nats, { env, onProgress: () => {} })
  if (found.kind === 'address') throw new Error('needs a NATS of its own')
  const place = { home, ports: await choosePorts({}, {}), secrets: stackSecrets(home) }
  nats = natsServer(place, found.path)
  await start()
  const url = natsUrl(place.ports.nats, 'bourse', place.secrets.nats)
  bus = await connectBus({ servers: [url], duplicateWindowMs: DUPLICATE_WINDOW_MS }, 'restarted')
})
afterAll(async () => {
  await bus.close()
  await kill()
  rmSync(home, { recursive: true })
  await servers.close()
})

async function start() {
  part = startPart(await nats.prepare())
  await waitUntilReady(part, () => nats.isReady(part), PATIENCE_MS)
}

async function kill() {
  const exited = once(part.child, 'exit')
  part.child.kill('SIGKILL')
  await exited
}

test('publication goes on after NATS was killed and has forgotten the id of its last message', async () => {
  const marketId = await makeMarket(servers.db)
  const giveUp = AbortSignal.timeout(PATIENCE_MS)
  const publish = () =>
    publishOutbox({ bus, outbox: servers.outbox, marketId, signal: giveUp, lingerMs: 0, pollMs: 10 })
  await commitEvents(servers.db, marketId, 500)
  await publish()
  await kill()
  // NATS remembers ids for as long as its duplicate window.
  await delay(2 * DUPLICATE_WINDOW_MS)
  await start()
  await commitEvents(servers.db, marketId, 500)
  expect((await publish()).publishedSeq).toBeGreaterThanOrEqual(1_001)
  const stored = await streamEventIds(bus, marketId)
  const written = await tableEventIds(servers.outbox, marketId)
  // The worker of this run may write an event of its own meanwhile.
  expect(stored).toEqual(written.slice(0, stored.length))
})
