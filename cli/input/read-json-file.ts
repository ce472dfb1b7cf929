import { createReadStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import { wrongUsage } from '../command-failure.ts'

/** Opens a file for reading, or standard input for `-`. */
export function openInput(path: string): NodeJS.ReadableStream {
  return path === '-' ? process.stdin : createReadStream(path)
}

/** Reads a JSON file (`-`: standard input); a file that cannot be read or is not JSON is wrong usage. */
export async function readJsonFile(path: string): Promise<unknown> {
  let content: string
  try {
    content = await text(openInput(path) as NodeJS.ReadStream)
  } catch (error) {
    throw wrongUsage(`--file ${path} cannot be read: ${(error as Error).message}`, 'file')
  }
  try {
    return JSON.parse(content)
  } catch (error) {
    throw wrongUsage(`--file ${path} is not JSON: ${(error as Error).message}`, 'file')
  }
}
