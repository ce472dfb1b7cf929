import { type BourseEnvironment, loadEnvironment } from '../../shared/config/environment.ts'
import { readStackEnd, readStackState, stackEnvironment, stackHome } from '../../shared/config/stack-state.ts'
import { outOfReach } from '../command-failure.ts'

const ADDRESSES = ['BOURSE_POSTGRES_URL', 'BOURSE_NATS_URL', 'BOURSE_TEMPORAL_ADDRESS']

/**
 * Where the servers are: what the environment says, else the stack that is up in this home. Fails in a sentence when
 * there is neither.
 */
export function findEnvironment(env: Record<string, string | undefined> = process.env): BourseEnvironment {
  const home = stackHome(undefined, env)
  const state = readStackState(home)
  if (state === undefined && ADDRESSES.every(name => !env[name])) {
    const end = readStackEnd(home)
    const why = end === undefined ? '' : ` The last one ended by itself at ${end.at}: ${end.message}\n`
    throw outOfReach(
      'no_stack',
      `No stack is up in ${home}.${why} Start one with \`npm start\` or \`bourse up --detach\`, or set ${ADDRESSES.join(', ')}.`,
    )
  }
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  return loadEnvironment({ ...(state === undefined ? {} : stackEnvironment(state, ['operator'])), ...given })
}
