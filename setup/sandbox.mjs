import { existsSync, readFileSync } from 'node:fs'
import { onPath } from './servers.mjs'

/**
 * The programs a sandbox is made of, each with the Debian package that has it. All but bubblewrap and socat are part of
 * every system that is not cut down.
 */
export const SANDBOX_TOOLS = {
  bwrap: 'bubblewrap',
  socat: 'socat',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  tar: 'tar',
  bash: 'bash',
}

const ARCHITECTURES = ['x64', 'arm64']

/**
 * Finds the programs a sandbox is made of. Returns `{ paths }`, or `{ missing, remedy }` with what is not there and how
 * to get it.
 */
export function findSandboxTools(env = process.env, { platform, arch } = process) {
  if (platform !== 'linux' || !ARCHITECTURES.includes(arch)) {
    return {
      missing: [`Linux on ${ARCHITECTURES.join(' or ')} (this is ${platform} on ${arch})`],
      remedy: "Agents' own programs run on Linux only; run a worker there. Everything else works here.",
    }
  }
  const found = Object.keys(SANDBOX_TOOLS).map(tool => [tool, onPath(tool, env)[0]])
  const missing = found.filter(([, path]) => !path).map(([tool]) => tool)
  if (missing.length === 0) return { paths: Object.fromEntries(found) }
  const packages = [...new Set(missing.map(tool => SANDBOX_TOOLS[tool]))].join(' ')
  return {
    missing,
    remedy: `Install ${packages} to run agents' own programs (on Debian or Ubuntu: apt-get install ${packages}); everything else works without.`,
  }
}

/** What would allow sandboxes on this machine, which refused one with `problem`. */
export function sandboxRemedy() {
  if (readOr('/proc/sys/kernel/apparmor_restrict_unprivileged_userns').trim() === '1') {
    return 'AppArmor forbids user namespaces here. Give bwrap and unshare an AppArmor profile with "userns,", or run sysctl kernel.apparmor_restrict_unprivileged_userns=0.'
  }
  if (readOr('/proc/sys/user/max_user_namespaces').trim() === '0') {
    return 'User namespaces are switched off. Run sysctl user.max_user_namespaces=10000.'
  }
  if (readOr('/proc/sys/kernel/unprivileged_userns_clone').trim() === '0') {
    return 'User namespaces are for root only here. Run sysctl kernel.unprivileged_userns_clone=1.'
  }
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) {
    return "The container forbids namespaces. Start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined, or run agents' programs on a worker outside of it."
  }
  return "Allow user namespaces and mounts in them to run agents' own programs; everything else works without."
}

function readOr(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
