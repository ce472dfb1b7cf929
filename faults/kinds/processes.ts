import { setTimeout as delay } from 'node:timers/promises'
import type { Cast } from '../cast.ts'
import type { FaultKind, Target } from './kind.ts'

const RECOVERY_WAIT_MS_MAX = 60_000
const LOOK_INTERVAL_MS = 50

const everything = ({ servers, workers, gateways, identities, llmProxies, collectors }: Cast) => [
  ...servers,
  ...workers,
  ...workers,
  ...gateways,
  ...identities,
  ...llmProxies,
  ...collectors,
]

/** SIGKILL to every process of a part at once; it is started again after its time. */
export const kill: FaultKind = {
  name: 'kill',
  weight: 5,
  targets: everything,
  plan: random => ({ lastsMs: random.below(2_500), detail: {} }),
  async inject({ target, lastsMs }, { stage }) {
    await stage.part(target).kill(lastsMs)
    return { heal: () => stage.part(target).whenUp() }
  },
}

/** SIGSTOP to every process of a part, and SIGCONT after its time. */
export const freeze: FaultKind = {
  name: 'freeze',
  weight: 4,
  targets: everything,
  plan: random => ({ lastsMs: random.between(300, 7_000), detail: {} }),
  async inject({ target }, { stage }) {
    stage.part(target).freeze()
    return { heal: async () => stage.part(target).thaw() }
  },
}

/** Asks a part to end, as a deployment does, and starts it again. */
export const restart: FaultKind = {
  name: 'restart',
  weight: 2,
  targets: everything,
  plan: random => ({ lastsMs: random.below(1_000), detail: {} }),
  async inject({ target, lastsMs }, { stage }) {
    await stage.part(target).restart(lastsMs)
    return { heal: () => stage.part(target).whenUp() }
  },
}

/** SIGKILL to one of Postgres's own processes: it ends all the others and recovers. */
export const killBackend: FaultKind = {
  name: 'kill backend',
  weight: 1,
  targets: () => ['postgres backend'],
  plan: random => ({ lastsMs: 0, detail: { place: random.below(1_000) } }),
  async inject({ detail }, { stage, doors }) {
    const [, ...backends] = stage.part('postgres').processIds()
    const pid = backends[Number(detail.place) % backends.length]
    if (pid === undefined) return { missed: 'Postgres is not up' }
    process.kill(pid, 'SIGKILL')
    return { heal: () => untilAnswered(doors) }
  },
}

async function untilAnswered({ db }: Target['doors']): Promise<void> {
  const until = Date.now() + RECOVERY_WAIT_MS_MAX
  for (;;) {
    try {
      await db.query('select 1')
      return
    } catch (error) {
      if (Date.now() > until) throw error
      await delay(LOOK_INTERVAL_MS)
    }
  }
}
