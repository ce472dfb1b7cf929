import { randomBytes } from 'node:crypto'
import { newIdentityKeys, publicKeysOf } from '../shared/bus/identity-keys.ts'

const PASSWORD_BYTES = 24
const PASSWORDS = ['POSTGRES', 'NATS', 'GATEWAY', 'AUTH', 'SYSTEM'] as const

/** Draws everything that docker-compose.yml takes from .env: passwords, and the keys by which agents' tokens let them in. */
export function newComposeValues(): Record<string, string> {
  const passwords = PASSWORDS.map(of => [
    `BOURSE_${of}_PASSWORD`,
    randomBytes(PASSWORD_BYTES).toString('hex'),
  ])
  const keys = newIdentityKeys()
  const { issuer, xkey } = publicKeysOf(keys)
  return {
    ...Object.fromEntries(passwords),
    BOURSE_ISSUER_KEY: issuer,
    BOURSE_XKEY_KEY: xkey,
    BOURSE_ISSUER_SEED: keys.issuerSeed,
    BOURSE_XKEY_SEED: keys.xkeySeed,
  }
}
