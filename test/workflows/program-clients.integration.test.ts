import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cacheDir } from '../../setup/servers.mjs'
import { natsOptions } from '../../shared/config/environment.ts'
import { createSandbox } from '../../shared/sandbox/create-sandbox.ts'
import { nodePackages } from '../../shared/sandbox/node-packages.ts'
import { sandboxRoot } from '../../shared/sandbox/run-records.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../workers/scripted-upstream/server.ts'
import { LIMITS, readiness, runProgram, whySkipped } from '../shared/sandbox/run-program.ts'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const pythonPackages = join(cacheDir(), 'python-packages')
const hasPython = existsSync(join(pythonPackages, 'nats'))
const limits = {
  ...LIMITS,
  memoryBytes: 512 * 1024 ** 2,
  cpuCores: 2,
  openFilesPerProcess: 256,
  processes: 64,
}
let bus: NatsConnection
let upstream: ScriptedUpstream

beforeAll(async () => {
  bus = await connect(natsOptions([process.env.BOURSE_NATS_URL!]))
  bus.subscribe('program-clients.echo', {
    callback: (error, message) => error ?? message.respond(`echo ${message.string()}`),
  })
  await bus.flush()
  upstream = await startScriptedUpstream()
})
afterAll(async () => {
  await bus.close()
  await upstream.close()
})

/** Runs a program as an execution does: the servers at their usual places, told by variables only. */
function runWithServers(command: string[], runtime: 'node' | 'python', name: string, text: string) {
  const { user, pass, servers } = natsOptions([process.env.BOURSE_NATS_URL!])
  const nats = new URL(servers[0]!)
  const on = createSandbox({
    root: sandboxRoot(),
    libraries: {
      node: nodePackages(modules, ['nats', 'openai']),
      python: hasPython ? pythonPackages : null,
    },
    hidden: [],
  })
  return runProgram(command, {
    on,
    runtime,
    limits,
    files: new Map([[name, Buffer.from(text)]]),
    environment: {
      NATS_URL: 'nats://127.0.0.1:4222',
      NATS_USER: user!,
      NATS_PASSWORD: pass!,
      OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1',
      OPENAI_API_KEY: 'a lease token',
    },
    servers: [
      { name: 'nats', insidePort: 4222, target: { host: nats.hostname, port: Number(nats.port) } },
      { name: 'llm', insidePort: 8080, target: { host: '127.0.0.1', port: upstream.port } },
    ],
  })
}

const NODE_PROGRAM = `
import { connect } from 'nats'
import OpenAI from 'openai'
const { NATS_URL, NATS_USER, NATS_PASSWORD } = process.env
const bus = await connect({ servers: NATS_URL, user: NATS_USER, pass: NATS_PASSWORD })
console.log((await bus.request('program-clients.echo', 'node')).string())
const answer = await new OpenAI().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hello' }] })
console.log(typeof answer.choices[0].message.content)
await bus.close()
`

const PYTHON_PROGRAM = `
import asyncio, os
import nats
from openai import AsyncOpenAI

async def main():
    bus = await nats.connect(os.environ["NATS_URL"], user=os.environ["NATS_USER"], password=os.environ["NATS_PASSWORD"])
    print((await bus.request("program-clients.echo", b"python")).data.decode())
    answer = await AsyncOpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    print(type(answer.choices[0].message.content).__name__)
    await bus.close()

asyncio.run(main())
`

describe.skipIf(!readiness.ready)(`in a sandbox${whySkipped}`, () => {
  it("Node's stock clients of NATS and OpenAI run unchanged", async () => {
    const run = await runWithServers(['node', 'main.mjs'], 'node', 'main.mjs', NODE_PROGRAM)
    expect(run).toMatchObject({ err: '', out: 'echo node\nstring\n', exitCode: 0 })
  })

  it.skipIf(!hasPython)(
    "Python's stock clients of NATS and OpenAI run unchanged (skipped where python-packages are not installed)",
    async () => {
      const run = await runWithServers(['python3', 'main.py'], 'python', 'main.py', PYTHON_PROGRAM)
      expect(run).toMatchObject({ err: '', out: 'echo python\nstr\n', exitCode: 0 })
    },
  )
})
