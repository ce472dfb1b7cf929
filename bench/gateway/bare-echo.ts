import { connect } from 'nats'
import { natsOptions } from '../../shared/config/environment.ts'
import { RPC_SUBJECTS } from '../../shared/rpc/subjects.ts'

/** What a gateway is compared with: answers every request with the same text, having done nothing. */
const ANSWER = JSON.stringify({
  ok: true,
  balance: '1',
  available: '1',
  held: '0',
  status: 'alive',
  openBids: 0,
})

const connection = await connect(natsOptions([process.env.BOURSE_NATS_URL ?? '']))
connection.subscribe(RPC_SUBJECTS, { callback: (_error, message) => message.respond(ANSWER) })
await connection.flush()
process.send?.('ready')
