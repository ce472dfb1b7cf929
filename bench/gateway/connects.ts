import { connect } from 'nats'
import { natsOptions } from '../../shared/config/environment.ts'

/**
 * Connections, each closed once it is in, so many at a time. Arguments: token (`-`: the platform's own user and password,
 * which the server knows itself), connections, at a time. Prints connections per second.
 */
const [token = '-', count = '0', atOnce = '0'] = process.argv.slice(2)
const own = natsOptions([process.env.BOURSE_NATS_URL ?? ''])
const options = token === '-' ? own : { servers: own.servers, token }

let begun = 0
async function connectInTurn(): Promise<void> {
  while (begun++ < Number(count)) await (await connect({ ...options, reconnect: false })).close()
}

const startedAt = performance.now()
await Promise.all(Array.from({ length: Number(atOnce) }, connectInTurn))
process.stdout.write(`${(Number(count) / (performance.now() - startedAt)) * 1000}\n`)
