import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { newIdentityKeys } from '../../shared/bus/identity-keys.ts'
import { writeFileAtomically } from './atomic-file.ts'

/** Where a home keeps them. */
export const SECRETS_FILE = 'secrets.json'
const PASSWORD_BYTES = 24

const passwordText = z.string().min(1)
const secrets = z.object({
  postgres: passwordText,
  nats: passwordText,
  natsGateway: passwordText,
  natsAuth: passwordText,
  natsSystem: passwordText,
  natsIssuerSeed: z.string().regex(/^SA/),
  natsXkeySeed: z.string().regex(/^SX/),
})

/** The passwords and keys of the stack in a home. */
export type Secrets = z.infer<typeof secrets>

/** The passwords and keys of the stack in `home`: those of last time, and new ones for what had none yet. */
export function stackSecrets(home: string): Secrets {
  const path = join(home, SECRETS_FILE)
  const kept = readKept(path, home)
  const { issuerSeed, xkeySeed } = newIdentityKeys()
  const all = secrets.parse({
    postgres: newPassword(),
    nats: newPassword(),
    natsGateway: newPassword(),
    natsAuth: newPassword(),
    natsSystem: newPassword(),
    natsIssuerSeed: issuerSeed,
    natsXkeySeed: xkeySeed,
    ...kept,
  })
  if (Object.keys(kept).length < Object.keys(all).length) {
    writeFileAtomically(path, `${JSON.stringify(all)}\n`)
  }
  return all
}

function readKept(path: string, home: string): object {
  try {
    return secrets.partial().parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new Error(`${path} is damaged. Put it back, or remove ${home} to begin anew.`)
  }
}

function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url')
}
