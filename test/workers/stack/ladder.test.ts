import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheDir, cachedBinary, SERVERS } from '../../../setup/servers.mjs'
import { checksumFor, downloadRelease, releaseArch, releaseUrl } from '../../../workers/stack/download.ts'
import { obtainServer, type Step } from '../../../workers/stack/ladder.ts'

const server = SERVERS.nats
const archive = server.archive(process.platform, releaseArch(process.arch))

let folder: string
let page: Server | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bourse-ladder-'))
})

afterEach(async () => {
  page?.closeAllConnections()
  await new Promise(resolve => (page ? page.close(resolve) : resolve(undefined)))
  page = undefined
  rmSync(folder, { recursive: true })
})

async function listen(server: Server): Promise<string> {
  page = server
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** Plays the release page: answers each path with what `files` holds for its last part, by way of a redirect. */
async function playReleasePage(files: Record<string, Buffer | string>): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const content = files[path.split('/').at(-1) ?? '']
    if (content === undefined) response.writeHead(404).end()
    else if (path.startsWith('/stored/')) response.end(content)
    else response.writeHead(302, { location: `/stored/${path.split('/').at(-1)}` }).end()
  })
  return listen(server)
}

async function makeArchive(says: string): Promise<Buffer> {
  const name = 'nats-server-release'
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'nats-server'), `#!/bin/sh\necho "${says}"\n`)
  chmodSync(join(folder, name, 'nats-server'), 0o755)
  writeFileSync(join(folder, name, 'README'), 'read me')
  await create({ gzip: true, cwd: folder, file: join(folder, 'made.tar.gz') }, [name])
  return readFileSync(join(folder, 'made.tar.gz'))
}

function checksumsOf(content: Buffer): string {
  return `0000  other.zip\n${createHash('sha256').update(content).digest('hex')}  ${archive}\n`
}

function environment(extra: Record<string, string> = {}) {
  return { PATH: join(folder, 'nothing'), XDG_CACHE_HOME: join(folder, 'cache'), ...extra }
}

const download: Step = { title: 'official download', obtain: downloadRelease }

describe('the official download', () => {
  test('is checked, unpacked and kept, so that the second time needs no network', async () => {
    const content = await makeArchive('nats-server: v2.12.7')
    const url = await playReleasePage({ [archive]: content, SHA256SUMS: checksumsOf(content) })
    const env = environment({ BOURSE_RELEASES_URL: url })
    const found = await obtainServer(server, { env, onProgress: () => {}, steps: [download] })
    expect(found).toMatchObject({ path: cachedBinary(server, env), version: '2.12.7' })
    expect(readdirSync(cacheDir(env))).toEqual(['nats-server-2.12.7'])

    const again = await obtainServer(server, { env: environment(), onProgress: () => {}, steps: [] })
    expect(again).toMatchObject({ path: cachedBinary(server, env), from: 'cache' })
  })

  test('with another checksum than its release says is not used', async () => {
    const content = await makeArchive('nats-server: v2.12.7')
    const url = await playReleasePage({ [archive]: content, SHA256SUMS: checksumsOf(Buffer.from('other')) })
    const env = environment({ BOURSE_RELEASES_URL: url })
    await expect(obtainServer(server, { env, onProgress: () => {}, steps: [download] })).rejects.toThrow(
      /has the checksum .* its release says .*; not used/,
    )
    expect(existsSync(cachedBinary(server, env))).toBe(false)
  })

  test('without a checksum of its own is not used', async () => {
    const content = await makeArchive('nats-server: v2.12.7')
    const url = await playReleasePage({ [archive]: content, SHA256SUMS: 'abcd  other.tar.gz\n' })
    await expect(downloadRelease(server, folder, environment({ BOURSE_RELEASES_URL: url }))).rejects.toThrow(
      'does not list',
    )
  })

  test('of a binary of another version is not used', async () => {
    const content = await makeArchive('nats-server: v2.14.0')
    const url = await playReleasePage({ [archive]: content, SHA256SUMS: checksumsOf(content) })
    const env = environment({ BOURSE_RELEASES_URL: url })
    await expect(obtainServer(server, { env, onProgress: () => {}, steps: [download] })).rejects.toThrow(
      'is 2.14.0; wanted 2.12.7 or newer',
    )
  })

  test('goes through the proxy that is set, and gives up at once when that refuses', async () => {
    const asked: string[] = []
    const refusing = createServer()
    refusing.on('connect', (request, socket) => {
      asked.push(request.url ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
    const proxy = await listen(refusing)
    await expect(downloadRelease(server, folder, environment({ HTTPS_PROXY: proxy }))).rejects.toThrow(
      /SHA256SUMS/,
    )
    expect(asked).toEqual(['github.com:443'])
  })

  test('comes from the pinned release', () => {
    expect(releaseUrl(SERVERS.temporal, 'checksums.txt', {})).toBe(
      'https://github.com/temporalio/cli/releases/download/v1.5.1/checksums.txt',
    )
  })

  test('is looked up in the checksum file by its whole name', () => {
    expect(checksumFor('AB  x.tar.gz.sig\nCD *x.tar.gz\n', 'x.tar.gz')).toBe('cd')
    expect(checksumFor('AB  x.tar.gz.sig\n', 'x.tar.gz')).toBeUndefined()
  })
})

describe('the ladder', () => {
  test('goes on to the next step, and tells what it does', async () => {
    const said: string[] = []
    const build: Step = {
      title: 'go install',
      obtain: async (_server, into) => {
        const path = join(into, 'nats-server')
        writeFileSync(path, '#!/bin/sh\necho "nats-server: v2.12.7"\n')
        chmodSync(path, 0o755)
        return path
      },
    }
    // Nothing listens there.
    const env = environment({ BOURSE_RELEASES_URL: 'http://127.0.0.1:1' })
    const found = await obtainServer(server, {
      env,
      onProgress: text => said.push(text),
      steps: [download, build],
    })
    expect(found).toMatchObject({ kind: 'binary', from: 'go install' })
    expect(said).toEqual([
      expect.stringContaining('official download'),
      expect.stringContaining('go install'),
    ])
  })

  test('when nothing works, lists everything it tried and what would help', async () => {
    const env = environment({ BOURSE_RELEASES_URL: 'http://127.0.0.1:1' })
    const error = await obtainServer(server, { env, onProgress: () => {} }).catch(reason => reason)
    expect(error.part).toBe('nats-server')
    for (const words of [
      'BOURSE_NATS_URL is not set',
      'no nats-server on PATH',
      'nothing in the cache',
      'official download: http://127.0.0.1:1',
      'go install: no go on PATH',
      'put nats-server 2.12.7 on PATH',
    ]) {
      expect(error.message).toContain(words)
    }
  })

  test('climbs once when two want the same server', async () => {
    let climbed = 0
    const slow: Step = {
      title: 'go install',
      obtain: async (_server, into) => {
        climbed += 1
        const path = join(into, 'nats-server')
        writeFileSync(path, '#!/bin/sh\necho "nats-server: v2.12.7"\n')
        chmodSync(path, 0o755)
        return path
      },
    }
    const ask = () => obtainServer(server, { env: environment(), onProgress: () => {}, steps: [slow] })
    await Promise.all([ask(), ask(), ask()])
    expect(climbed).toBe(1)
  })
})
