export function ensureSandboxTools(options?: {
  env?: Record<string, string | undefined>
  user?: number | undefined
  say?: (text: string) => void
}): void
