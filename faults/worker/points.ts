import { AsyncLocalStorage } from 'node:async_hooks'
import type { Bus } from '../../shared/bus/connect.ts'
import type { Database, DatabaseClient } from '../../shared/db/pool.ts'
import type { Surroundings } from '../../workers/run-market-worker.ts'
import type { ArmedPoint, PointName } from './point-names.ts'

/** Tells of a point that was come to in a market's work. */
type Reach = (point: PointName, market: string) => void

/** A settlement or admission under way, so that its statements can be told from others. */
const within = new AsyncLocalStorage<Parameters<Reach>>()

/**
 * Surroundings in which a worker ends or freezes itself at the point it is armed with, once; `note` is
 * called right before.
 */
export function pointsAround(note: (id: string, point: PointName) => void): {
  around: Partial<Surroundings>
  arm: (point: ArmedPoint | null) => void
} {
  let armed: ArmedPoint | null = null

  function reach(point: PointName, market: string) {
    if (armed?.point !== point || (armed.market ?? market) !== market) return
    if (armed.passes > 0) {
      armed.passes -= 1
      return
    }
    const { signal, id } = armed
    armed = null
    note(id, point)
    process.kill(process.pid, signal)
  }

  const around: Partial<Surroundings> = {
    db: db => statementsSeen(db, reach),
    bus: bus => publishesSeen(bus, market => reach('amid-publishing', market)),
    hint: hint => async marketId => {
      reach('before-hint', marketId)
      await hint(marketId)
    },
    economy: economy => ({
      ...economy,
      async settleCycle(marketId, cycle) {
        const settled = await within.run(['amid-settlement', marketId], () =>
          economy.settleCycle(marketId, cycle),
        )
        reach('before-settlement-report', marketId)
        return settled
      },
      async admitBids(marketId, submissions) {
        const verdicts = await within.run(['amid-admission', marketId], () =>
          economy.admitBids(marketId, submissions),
        )
        reach('before-admission-report', marketId)
        return verdicts
      },
      async openCycle(marketId, number, run) {
        const opened = await economy.openCycle(marketId, number, run)
        reach('before-opening-report', marketId)
        return opened
      },
    }),
    outbox(outbox) {
      const recorded = new Map<string, number>()
      return {
        ...outbox,
        async readEvents(marketId, afterSeq, limit) {
          const events = await outbox.readEvents(marketId, afterSeq, limit)
          if (events.length > 0) reach('before-publish', marketId)
          return events
        },
        async recordPublication(marketId, publication) {
          // The first record of a publisher tells what it found; only the later ones tell what was acknowledged.
          if (publication.seq > (recorded.get(marketId) ?? Number.POSITIVE_INFINITY))
            reach('before-watermark', marketId)
          recorded.set(marketId, publication.seq)
          await outbox.recordPublication(marketId, publication)
        },
      }
    },
  }
  return {
    around,
    arm(point) {
      armed = point === null ? null : { ...point }
    },
  }
}

/** A pool whose clients tell of each statement that is sent amid one of the transactions looked at. */
function statementsSeen(db: Database, reach: Reach): Database {
  return new Proxy(db, {
    get(pool, name) {
      if (name !== 'connect') return boundTo(pool, name)
      return async () => clientSeen(await pool.connect(), reach)
    },
  })
}

function clientSeen(client: DatabaseClient, reach: Reach): DatabaseClient {
  return new Proxy(client, {
    get(real, name) {
      if (name !== 'query') return boundTo(real, name)
      return (...args: unknown[]) => {
        const place = within.getStore()
        if (place !== undefined) reach(...place)
        return (real.query as (...all: unknown[]) => unknown).apply(real, args)
      }
    },
  })
}

function publishesSeen(bus: Bus, onPublished: (market: string) => void): Bus {
  const connection = new Proxy(bus.connection, {
    get(real, name) {
      if (name !== 'publish') return boundTo(real, name)
      return (subject: string, ...rest: [Uint8Array | string, object?]) => {
        real.publish(subject, ...rest)
        const market = /^bourse\.([^.]+)\.events\./.exec(subject)?.[1]
        if (market !== undefined) onPublished(market)
      }
    },
  })
  return { ...bus, connection }
}

function boundTo<T extends object>(target: T, name: string | symbol): unknown {
  const value = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}
