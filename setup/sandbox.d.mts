export const SANDBOX_TOOLS: Record<SandboxTool, string>
export type SandboxTool = 'bwrap' | 'socat' | 'unshare' | 'setpriv' | 'mount' | 'tar' | 'bash'
export type SandboxTools =
  | { paths: Record<SandboxTool, string>; missing?: undefined }
  | { missing: string[]; remedy: string }
export function findSandboxTools(
  env?: Record<string, string | undefined>,
  machine?: { platform: string; arch: string },
): SandboxTools
export function sandboxRemedy(): string
