import { connect } from 'node:net'

const WAIT_MS = 3_000

/** Whether somebody listens at `host:port`; null when so, else why not. */
export async function checkPort(address: string): Promise<string | null> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  const port = Number(address.slice(colon + 1))
  return await new Promise(resolve => {
    const socket = connect({ host, port, timeout: WAIT_MS })
    const end = (problem: string | null) => {
      socket.destroy()
      resolve(problem)
    }
    socket.once('connect', () => end(null))
    socket.once('timeout', () => end(`no answer within ${WAIT_MS / 1000} s`))
    socket.once('error', error => end(error.message || 'connection refused'))
  })
}
