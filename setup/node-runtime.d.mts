export const SETUP_NODE_AT_LEAST: string
export const NODE_AT_LEAST: string
interface Platform {
  platform: string
  arch: string
}
export function pinnedNodePath(checkout: string, platform?: Platform): string
export function chooseNode(options: {
  hostVersion: string
  hostPath: string
  pinnedPath: string
  pinnedExists: boolean
}): string | undefined
export function findNode(checkout: string): string | undefined
export function noNodeMessage(platform?: Platform): string
