import { Counter, Registry } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { createLabelBound } from '../../../shared/telemetry/label-bound.ts'
import { createLog } from '../../../shared/telemetry/log.ts'
import { type MetricsServer, serveMetrics } from '../../../shared/telemetry/serve-metrics.ts'

const log = createLog('test', { level: 'silent' })
const servers: MetricsServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()))
})

async function serve(registry: Registry, port = 0, more?: () => Promise<string>): Promise<MetricsServer> {
  const server = await serveMetrics({ registry, host: '127.0.0.1', port, log, ...(more ? { more } : {}) })
  servers.push(server)
  return server
}

describe('metrics over HTTP', () => {
  test('hold what was registered, the runtime and what comes from elsewhere', async () => {
    const registry = new Registry()
    new Counter({ name: 'tries_total', help: 'Tries', registers: [registry] }).inc(3)
    const { url } = await serve(registry, 0, async () => '# HELP elsewhere x\n')
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    expect(text).toContain('tries_total 3')
    expect(text).toContain('process_cpu_user_seconds_total')
    expect(text).toMatch(/# HELP elsewhere x\n$/)
  })

  test('answer nothing else, and say why they cannot be gathered', async () => {
    const { url } = await serve(new Registry(), 0, () => Promise.reject(new Error('gone')))
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(404)
    expect((await fetch(url)).status).toBe(500)
  })

  test('name the variable when their port is taken', async () => {
    const { url } = await serve(new Registry())
    const port = Number(new URL(url).port)
    await expect(serve(new Registry(), port)).rejects.toThrow(/^BOURSE_METRICS_PORT: .*EADDRINUSE/)
  })
})

describe('a label', () => {
  test('takes no more values than its limit', () => {
    const bound = createLabelBound(2)
    expect(['a', 'b', 'c', 'a', 'd'].map(bound)).toEqual(['a', 'b', 'other', 'a', 'other'])
  })
})
