import { randomBytes } from 'node:crypto'
import { WORKFLOWS_HOURS_DEFAULT } from '../../shared/config/retention-environment.ts'
import type { StackState } from '../../shared/config/stack-state.ts'
import { natsReady, natsUrl, prepareNats } from './nats.ts'
import type { Part, PartSpec } from './part.ts'
import type { PortName, Ports } from './ports.ts'
import { ensureDatabase, postgresReady, preparePostgres } from './postgres.ts'
import type { Secrets } from './secrets.ts'
import { prepareTemporal, temporalReady } from './temporal.ts'

/** A server of the local stack: how it is started on what it kept, and when it is up. */
export interface StackServer {
  /** The ports it listens on; they may be replaced between two starts. */
  ports: PortName[]
  prepare: () => PartSpec | Promise<PartSpec>
  isReady: (part: Part) => Promise<boolean>
}

/** Where the servers of a stack keep their data, listen, and are let in. */
export interface ServerPlace {
  home: string
  ports: Ports
  secrets: Secrets
}

/** Postgres on the data below `home`; ready once the stack's database is there. */
export function postgresServer({ home, ports, secrets }: ServerPlace): StackServer {
  return {
    ports: ['postgres'],
    prepare: () => preparePostgres(home, ports.postgres, secrets.postgres),
    async isReady(part) {
      if (!(await postgresReady(part, ports.postgres, secrets.postgres))) return false
      await ensureDatabase(ports.postgres, secrets.postgres)
      return true
    },
  }
}

/** NATS with JetStream on the streams below `home`. */
export function natsServer({ home, ports, secrets }: ServerPlace, binary: string): StackServer {
  const name = `bourse-${randomBytes(6).toString('hex')}`
  return {
    ports: ['nats'],
    prepare: () =>
      prepareNats(home, {
        binary,
        port: ports.nats,
        name,
        passwords: {
          bourse: secrets.nats,
          gateway: secrets.natsGateway,
          auth: secrets.natsAuth,
          system: secrets.natsSystem,
        },
        keys: { issuerSeed: secrets.natsIssuerSeed, xkeySeed: secrets.natsXkeySeed },
      }),
    isReady: () => natsReady(ports.nats, name),
  }
}

/** What the processes that let agents in are told about the stack's NATS. */
export function identityOf({ ports, secrets }: ServerPlace): NonNullable<StackState['identity']> {
  return {
    gateway: natsUrl(ports.nats, 'gateway', secrets.natsGateway),
    auth: natsUrl(ports.nats, 'auth', secrets.natsAuth),
    system: natsUrl(ports.nats, 'system', secrets.natsSystem),
    issuerSeed: secrets.natsIssuerSeed,
    xkeySeed: secrets.natsXkeySeed,
  }
}

/** Temporal's development server on the database file below `home`, in which finished workflows stay so long. */
export function temporalServer(
  { home, ports }: ServerPlace,
  binary: string,
  keepHours = WORKFLOWS_HOURS_DEFAULT,
): StackServer {
  return {
    ports: ['temporal', 'temporalUi'],
    prepare: () => prepareTemporal(home, { binary, port: ports.temporal, uiPort: ports.temporalUi }),
    isReady: part => temporalReady(part, ports.temporal, keepHours),
  }
}
