import { describe, expect, test } from 'vitest'
import { newIdentityKeys, publicKeysOf } from '../../../shared/bus/identity-keys.ts'
import { natsConfiguration, natsUrl } from '../../../workers/stack/nats.ts'
import { userIn } from '../../../workers/stack/postgres-user.ts'
import { temporalArguments } from '../../../workers/stack/temporal.ts'

describe("the servers' settings", () => {
  test('NATS listens on loopback only, asks for a password and keeps messages on disk', () => {
    const passwords = { bourse: 'p"w', gateway: 'g', auth: 'a', system: 's' }
    const keys = newIdentityKeys()
    const text = natsConfiguration({ port: 4222, name: 'n', storeDir: '/home/a b/nats', passwords, keys })
    expect(text).toContain('listen: "127.0.0.1:4222"')
    expect(text).toContain('password: "p\\"w"')
    expect(text).toContain('store_dir: "/home/a b/nats"')
    expect(text).toContain('max_payload: 1MB')
    expect(text).toContain(`issuer: ${publicKeysOf(keys).issuer}`)
    for (const seed of Object.values(keys)) expect(text).not.toContain(seed)
    expect(natsUrl(4222, 'bourse', 'p/w')).toBe('nats://bourse:p%2Fw@127.0.0.1:4222')
  })

  test('Temporal listens on loopback only, keeps a file and does not wait for ticks', () => {
    const line = temporalArguments({ port: 7233, uiPort: 8233, databaseFile: '/h/temporal.db' }).join(' ')
    for (const part of [
      '--ip 127.0.0.1 --port 7233 --ui-port 8233',
      '--db-filename /h/temporal.db',
      'history.transferProcessorMaxPollRPS=10000',
      'history.timerProcessorMaxPollRPS=10000',
      'history.maximumSignalsPerExecution=1500',
      '--sqlite-pragma journal_mode=WAL',
      '--search-attribute BourseCycle=Int',
    ]) {
      expect(line).toContain(part)
    }
  })

  test('a user is found by the whole name', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n'
    expect(userIn(passwd, 'postgres')).toEqual({ uid: 101, gid: 104 })
    expect(userIn(passwd, 'nobody')).toBeUndefined()
  })
})
