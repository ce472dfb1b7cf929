import { parseArgs } from 'node:util'
import { migrate } from '../../shared/db/migrate.ts'
import { STACK_WORKERS } from './stack-workers.ts'
import { startStack } from './start-stack.ts'

/**
 * The supervisor of a local stack. Tells whoever started it, over the channel, how it gets on:
 * `{ progress }`, then `{ ready: true }` or `{ failed: message }`. Runs until a signal, until a part ends by
 * itself, or, unless it was told to stay with --detached, until whoever started it is gone.
 */
const EXIT_FAILED = 1

const { values } = parseArgs({ options: { home: { type: 'string' }, detached: { type: 'boolean' } } })
if (!values.home) throw new Error('--home is missing')

const giveUp = new AbortController()
const asked = Promise.withResolvers<void>()
const endGracefully = () => {
  giveUp.abort()
  asked.resolve()
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endGracefully)

let up = false
process.on('disconnect', () => {
  if (!up || !values.detached) endGracefully()
})

process.exitCode = await supervise(values.home)
if (process.connected) process.disconnect()

async function supervise(home: string): Promise<number> {
  try {
    const stack = await startStack({
      home,
      migrate,
      workers: STACK_WORKERS,
      onProgress: progress => tell({ progress }),
      signal: giveUp.signal,
    })
    up = true
    tell({ ready: true })
    const failure = await Promise.race([asked.promise, stack.failed])
    await stack.stop()
    if (!failure) return 0
    tell({ failed: failure.message })
    return EXIT_FAILED
  } catch (error) {
    // Asked to stop while starting: that is no failure.
    if (giveUp.signal.aborted) return 0
    tell({ failed: (error as Error).message })
    return EXIT_FAILED
  }
}

function tell(message: { progress: string } | { ready: true } | { failed: string }): void {
  if ('progress' in message) console.error(message.progress)
  if ('failed' in message) console.error(message.failed)
  if (process.connected) process.send?.(message)
}
