import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const REMEDY = 'Install Chromium (Debian: apt-get install chromium), or name a browser in BOURSE_CHROMIUM.'

/**
 * The path of a Chromium: BOURSE_CHROMIUM, else where distributions put it. Run by root on a Debian without one, it
 * is installed, and that is said. Throws with what to do when there is none.
 */
export function findChromium(say: (text: string) => void): string {
  const named = process.env.BOURSE_CHROMIUM
  if (named) {
    if (existsSync(named)) return named
    throw new Error(`BOURSE_CHROMIUM names ${named}, which is not there.`)
  }
  const found = PLACES.find(path => existsSync(path))
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`There is no Chromium here, and only root may install one. ${REMEDY}`)
  }
  say('No Chromium here: installing it with apt-get (about 300 MB).')
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    ]) {
      execFileSync('/usr/bin/apt-get', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
    }
  } catch (error) {
    throw new Error(`apt-get could not install Chromium: ${(error as Error).message}. ${REMEDY}`)
  }
  return findChromium(say)
}

/** Starts the browser without a window, and without what it would ask of the network by itself. */
export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
