import { StringDecoder } from 'node:string_decoder'

export interface Line {
  number: number
  /** null: the line is longer than allowed. */
  text: string | null
}

/** A bid is a few hundred characters; more than this is no bid, and is not kept in memory. */
export const MAX_LINE_CHARACTERS = 65_536

/** The lines of a stream in order, from number 1, empty ones left out, in bounded memory whatever it holds. */
export async function* readLines(stream: AsyncIterable<string | Buffer>): AsyncGenerator<Line> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let isTooLong = false
  let number = 0
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      number += 1
      if (isTooLong || line.length > MAX_LINE_CHARACTERS) yield { number, text: null }
      else if (line.trim() !== '') yield { number, text: line }
      isTooLong = false
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      isTooLong = true
      rest = ''
    }
  }
  rest += decoder.end()
  if (isTooLong) yield { number: number + 1, text: null }
  else if (rest.trim() !== '') yield { number: number + 1, text: rest }
}
