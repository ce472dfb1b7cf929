import { Pool } from 'undici'
import { millisecondsOf } from '../timing.ts'
import { BENCH_MODEL } from './processes.ts'

const MESSAGES = [
  { role: 'system', content: 'You trade in a market. Answer with a number.' },
  {
    role: 'user',
    content: 'What should I bid for a tenth of the memory, for ten seconds, given the last prices? '.repeat(
      4,
    ),
  },
]

/** Whoever makes calls: a connection for each of `callers`, each with a token of its own turn. */
export interface Load {
  /** Makes calls, `callers` at a time, and gives how long each took in milliseconds. Throws for an answer other than `status`. */
  run(calls: number, status?: number): Promise<number[]>
  close(): Promise<void>
}

export function openLoad(baseUrl: string, callers: number, tokens: readonly string[]): Load {
  const { origin, pathname } = new URL(baseUrl)
  const pool = new Pool(origin, { connections: callers })
  const body = JSON.stringify({ model: BENCH_MODEL, messages: MESSAGES, max_tokens: 100 })

  async function call(token: string, status: number): Promise<void> {
    const answer = await pool.request({
      method: 'POST',
      path: `${pathname}/chat/completions`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== status) throw new Error(`answered ${answer.statusCode}: ${text.slice(0, 300)}`)
  }

  return {
    async run(calls, status = 200) {
      const times: number[] = []
      let begun = 0
      const callOn = async (caller: number) => {
        while (begun < calls) {
          begun += 1
          times.push(await millisecondsOf(() => call(tokens[caller % tokens.length]!, status)))
        }
      }
      await Promise.all(Array.from({ length: callers }, (_, caller) => callOn(caller)))
      return times
    },
    close: () => pool.destroy(),
  }
}
