import { createPrivateKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { Permissions } from './permissions.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** A seed is two bytes that say what it is for, 32 of secret, and a checksum. */
const SEED_PREFIX_BYTES = 2
const SEED_SECRET_BYTES = 32
/** What stands before the secret of an Ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const HEADER = encode({ typ: 'JWT', alg: 'ed25519-nkey' })

/** Whom a callout answers about: the keys that the server drew for one connection. */
export interface AskingConnection {
  userNkey: string
  serverId: string
}

/** What an admitted connection is called and may do. */
export interface Admitted {
  name: string
  account: string
  permissions: Permissions
  /** When the server ends it; null: nothing ends it by itself. */
  endsAtMs: number | null
}

/**
 * Signs what the auth callout answers, as NATS's decentralised JWTs (ADR-26): an admitted connection's permissions, or
 * why it is refused. Node's own Ed25519 signs twenty times as fast as the client library's.
 */
export function createCalloutSigner({ issuer, issuerSeed }: { issuer: string; issuerSeed: string }) {
  const key = privateKeyOf(issuerSeed)
  const respond = (
    { userNkey, serverId }: AskingConnection,
    nowMs: number,
    answer: { jwt: string } | { error: string },
  ) =>
    signed(key, {
      iss: issuer,
      sub: userNkey,
      aud: serverId,
      iat: Math.floor(nowMs / 1000),
      nats: { type: 'authorization_response', version: 2, ...answer },
    })
  return {
    admit(
      asking: AskingConnection,
      { name, account, permissions, endsAtMs }: Admitted,
      nowMs: number,
    ): string {
      const user = signed(key, {
        jti: randomBytes(16).toString('hex'),
        iss: issuer,
        sub: asking.userNkey,
        aud: account,
        name,
        iat: Math.floor(nowMs / 1000),
        ...(endsAtMs === null ? {} : { exp: Math.ceil(endsAtMs / 1000) }),
        nats: {
          type: 'user',
          version: 2,
          pub: { allow: permissions.publish },
          sub: { allow: permissions.subscribe },
        },
      })
      return respond(asking, nowMs, { jwt: user })
    },
    refuse: (asking: AskingConnection, reason: string, nowMs: number) =>
      respond(asking, nowMs, { error: reason }),
  }
}

export type CalloutSigner = ReturnType<typeof createCalloutSigner>

function signed(key: KeyObject, claims: object): string {
  const text = `${HEADER}.${encode(claims)}`
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function privateKeyOf(seed: string): KeyObject {
  const secret = fromBase32(seed).subarray(SEED_PREFIX_BYTES, SEED_PREFIX_BYTES + SEED_SECRET_BYTES)
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const letter of text) {
    value = ((value << 5) | BASE32.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return Buffer.from(bytes)
}
