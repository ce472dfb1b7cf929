import { type Msg, nkeys } from 'nats'
import { z } from 'zod'
import type { AskingConnection } from '../identity/user-jwt.ts'
import type { Bus } from './connect.ts'

const SUBJECT = '$SYS.REQ.USER.AUTH'
/** All callout services are one queue: each connection is judged by one of them. */
const QUEUE = 'bourse-auth'
const SERVER_KEY_HEADER = 'Nats-Server-Xkey'

const requestSchema = z.object({
  nats: z.object({
    server_id: z.object({ id: z.string() }),
    user_nkey: z.string(),
    client_info: z.object({ id: z.number(), host: z.string().optional() }),
    connect_opts: z
      .object({ auth_token: z.string().optional(), pass: z.string().optional(), name: z.string().optional() })
      .optional(),
  }),
})

/** A connection that asks to be let in. */
export interface CalloutRequest extends AskingConnection {
  /** The server's number for it. */
  clientId: number
  /** From where it comes. */
  host: string
  /** What it presents as its token: NATS's token option, or failing that a password. Empty: nothing. */
  token: string
}

/**
 * Answers the server about connections that are none of its configured users. `judge` gives the signed answer. Both ways
 * are sealed with the server's key and ours, so that nobody else reads tokens. Returns what ends it.
 */
export function answerCallouts(
  { connection }: Bus,
  xkeySeed: string,
  judge: (request: CalloutRequest) => Promise<string>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  const ours = nkeys.fromCurveSeed(new TextEncoder().encode(xkeySeed))
  const answer = async (message: Msg) => {
    const serverKey = message.headers?.get(SERVER_KEY_HEADER)
    if (!serverKey) throw new Error('the server sends its questions unsealed: its auth_callout needs an xkey')
    const opened = ours.open(message.data, serverKey)
    if (opened === null) throw new Error('a question is not sealed for our xkey')
    const signed = await judge(readRequest(new TextDecoder().decode(opened)))
    message.respond(ours.seal(new TextEncoder().encode(signed), serverKey))
  }
  const subscription = connection.subscribe(SUBJECT, {
    queue: QUEUE,
    callback: (error, message) => {
      if (error === null) answer(message).catch(failed)
    },
  })
  return () => subscription.drain()
}

function readRequest(jwt: string): CalloutRequest {
  const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  const {
    server_id: server,
    user_nkey: userNkey,
    client_info: client,
    connect_opts: options,
  } = requestSchema.parse(claims).nats
  return {
    userNkey,
    serverId: server.id,
    clientId: client.id,
    host: client.host ?? '',
    token: options?.auth_token ?? options?.pass ?? '',
  }
}
