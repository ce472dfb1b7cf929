import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { StackError } from './stack-error.ts'

const USERS = ['postgres', 'nobody']
const TRIAL_MS = 5_000

/** How to run a Postgres program: words before its command, and the user it runs as. */
export interface RunAs {
  prefix: string[]
  uid?: number
  gid?: number
  /** Who must own the data. */
  owner?: { uid: number; gid: number }
}

/** The user and group ids of `name` in the text of /etc/passwd, or undefined. */
export function userIn(passwd: string, name: string): { uid: number; gid: number } | undefined {
  const fields = passwd
    .split('\n')
    .map(line => line.split(':'))
    .find(entry => entry[0] === name)
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined
}

/**
 * Postgres refuses to run as root. A root user's Postgres runs as `postgres`, or `nobody` where there is no such
 * user; when that user cannot reach `paths` (a checkout below /root, say), it is given the one capability
 * needed to do so. Everybody else's Postgres runs as themselves.
 * Throws a StackError when neither works.
 */
export function postgresRunAs(paths: { folder: string; program: string }): RunAs {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const passwd = readFileSync('/etc/passwd', 'utf8')
  const owner = USERS.map(name => userIn(passwd, name)).find(user => user !== undefined)
  if (!owner) {
    throw new StackError(
      'postgres',
      `Postgres cannot run as root, and there is no user ${USERS.join(' or ')}.`,
    )
  }
  if (reaches([], paths, owner)) return { prefix: [], ...owner, owner }
  const prefix = withCapability(owner)
  if (reaches(prefix, paths)) return { prefix, owner }
  throw new StackError(
    'postgres',
    `Postgres cannot run as root, and the user it would run as (id ${owner.uid}) cannot reach ${paths.folder} ` +
      `and ${paths.program}.\nMove the checkout to a folder open to all, set BOURSE_HOME to one, or run as ` +
      'another user than root.',
  )
}

// Without the securebit access(2) leaves capabilities out, and initdb asks it about its own programs.
function withCapability({ uid, gid }: { uid: number; gid: number }): string[] {
  const capability = '+dac_override'
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
  ]
}

// Asked the way Postgres itself asks, through access(2), before it starts its own programs.
function reaches(
  prefix: string[],
  { folder, program }: { folder: string; program: string },
  as: { uid?: number; gid?: number } = {},
): boolean {
  const trials = [
    ['test', '-x', program],
    ['ls', '-d', `${folder}/.`],
  ]
  return trials.every(trial => {
    const [command = '', ...args] = [...prefix, ...trial]
    return spawnSync(command, args, { ...as, cwd: '/', timeout: TRIAL_MS }).status === 0
  })
}
