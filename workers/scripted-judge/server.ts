import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { scriptedScores } from './scores.ts'

/** Under this name the scripted judge is a model. */
export const SCRIPTED_JUDGE_MODEL = 'scripted'

const REQUEST_BYTES_MAX = 4_194_304
const BYTES_PER_TOKEN = 4

export interface ScriptedJudge {
  baseUrl: string
  close(): Promise<void>
}

/** Starts the scripted judge: an OpenAI-compatible server on the loopback that answers by fixed rules. */
export async function startScriptedJudge(): Promise<ScriptedJudge> {
  const server = createServer((request, response) => {
    void (async () => {
      const said = await readBody(request)
      const { messages } = JSON.parse(said) as { messages: { role: string; content: string }[] }
      const prompt = messages.find(message => message.role === 'user')?.content ?? ''
      const content = JSON.stringify(scriptedScores(prompt))
      const usage = { prompt_tokens: tokensOf(said), completion_tokens: tokensOf(content) }
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 'chatcmpl-scripted-judge',
          object: 'chat.completion',
          created: 0,
          model: SCRIPTED_JUDGE_MODEL,
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
          usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
        }),
      )
    })().catch(error => {
      const message = `scripted judge: ${(error as Error).message}`
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > REQUEST_BYTES_MAX) throw new Error('the request is too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)
}
