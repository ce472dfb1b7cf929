import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LlmConfigError, type LlmSetup, readLlmConfig } from '../shared/llm/llm-config.ts'

/**
 * Reads the file that BOURSE_LLM_CONFIG names, else `llm.json` in the stack's folder; without either no model is
 * served. Throws an LlmConfigError that names the file.
 */
export function readLlmSetup(env: Record<string, string | undefined>): LlmSetup {
  const file = env.BOURSE_LLM_CONFIG || fileIn(env.BOURSE_HOME)
  if (file === undefined) return readLlmConfig('{}', env)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new LlmConfigError([
      `BOURSE_LLM_CONFIG: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    ])
  }
  return readLlmConfig(text, env)
}

function fileIn(home: string | undefined): string | undefined {
  const file = home ? join(home, 'llm.json') : undefined
  return file !== undefined && existsSync(file) ? file : undefined
}
