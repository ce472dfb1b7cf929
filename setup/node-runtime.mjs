import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compareVersions } from './version.mjs'

/** The Node that set-up itself needs, and the one everything else runs under. */
export const SETUP_NODE_AT_LEAST = '20.0.0'
export const NODE_AT_LEAST = '24.0.0'

/** Where npm puts the pinned Node of this platform, whether it is there or not. */
export function pinnedNodePath(checkout, { platform, arch } = process) {
  return join(checkout, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node')
}

/**
 * Which Node to go on with: the host's when it is new enough, else the pinned one.
 * Returns its path, or undefined when neither will do.
 */
export function chooseNode({ hostVersion, hostPath, pinnedPath, pinnedExists }) {
  if (compareVersions(hostVersion, NODE_AT_LEAST) >= 0) return hostPath
  return pinnedExists ? pinnedPath : undefined
}

/** `chooseNode` for this machine and checkout. */
export function findNode(checkout) {
  const pinnedPath = pinnedNodePath(checkout)
  return chooseNode({
    hostVersion: process.versions.node,
    hostPath: process.execPath,
    pinnedPath,
    pinnedExists: existsSync(pinnedPath),
  })
}

/** What to tell somebody whose machine has no suitable Node. */
export function noNodeMessage({ platform, arch } = process) {
  return [
    `Bourse runs on Node ${NODE_AT_LEAST} or newer; this is Node ${process.versions.node}.`,
    `npm has no pinned Node for ${platform}-${arch}, or could not install it.`,
    'Install Node 24 (https://nodejs.org or a version manager) and try again.',
  ].join('\n')
}
