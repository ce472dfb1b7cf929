import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomically } from './atomic-file.ts'

const PASSWORD_BYTES = 24

const secrets = z.object({ postgres: z.string().min(1), nats: z.string().min(1) })

/** The passwords of the stack in a home. */
export type Secrets = z.infer<typeof secrets>

/** The passwords of the stack in `home`: those of last time, or new ones the first time. */
export function stackSecrets(home: string): Secrets {
  const path = join(home, 'secrets.json')
  try {
    return secrets.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new Error(`${path} is damaged. Put it back, or remove ${home} to begin anew.`)
    }
  }
  const fresh = { postgres: password(), nats: password() }
  writeFileAtomically(path, `${JSON.stringify(fresh)}\n`)
  return fresh
}

function password(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url')
}
