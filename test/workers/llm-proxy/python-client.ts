import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OPENAI_VERSION = '3.54.0'
const INSTALL_MS_MAX = 110_000

export interface PythonClient {
  /** Why there is none; null: there is one. */
  skipped: string | null
  /** Runs a script and reads the JSON it prints. */
  run(script: URL, env: Record<string, string>): Promise<unknown>
}

/** Python with OpenAI's client, in a virtual environment in the user's cache that is made at the first use. */
export async function pythonWithOpenAi(): Promise<PythonClient> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'bourse', `python-openai-${OPENAI_VERSION}`)
  const python = join(folder, 'bin', 'python')
  const problem = await prepare(folder, python)
  return {
    skipped: problem,
    async run(script, env) {
      const { stdout } = await run(python, [fileURLToPath(script)], { env: { ...process.env, ...env } })
      return JSON.parse(stdout)
    },
  }
}

async function prepare(folder: string, python: string): Promise<string | null> {
  const hasClient = () =>
    run(python, ['-c', `import openai; assert openai.__version__ == "${OPENAI_VERSION}"`])
  if (existsSync(python) && (await hasClient().catch(() => null)) !== null) return null
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch {
    return 'there is no python3 with venv'
  }
  try {
    await run(python, ['-m', 'pip', 'install', '--quiet', `openai==${OPENAI_VERSION}`], {
      timeout: INSTALL_MS_MAX,
    })
    return null
  } catch {
    return `pip cannot install openai ${OPENAI_VERSION}`
  }
}
