import { describe, expect, it } from 'vitest'
import { readBidLine } from '../../../cli/input/bid-file.ts'
import { type Line, MAX_LINE_CHARACTERS, readLines } from '../../../cli/input/read-lines.ts'

async function linesOf(chunks: (string | Buffer)[]): Promise<Line[]> {
  async function* stream() {
    yield* chunks
  }
  const lines: Line[] = []
  for await (const line of readLines(stream())) lines.push(line)
  return lines
}

describe('lines of a stream', () => {
  it('come in order with their numbers, wherever the chunks break', async () => {
    const text = Buffer.from('é1\n\n{"b": "市"}\nlast')
    const whole = await linesOf([text])
    expect(whole).toEqual([
      { number: 1, text: 'é1' },
      { number: 3, text: '{"b": "市"}' },
      { number: 4, text: 'last' },
    ])
    const bytes = [...text].map(byte => Buffer.from([byte]))
    expect(await linesOf(bytes)).toEqual(whole)
  })

  it('that are too long are passed over without being kept', async () => {
    const long = 'x'.repeat(MAX_LINE_CHARACTERS)
    const lines = await linesOf(['a\n', long, long, `${long}\n`, 'b\n', `${long}x\n`, long, 'x'])
    expect(lines.map(line => [line.number, line.text === null ? null : line.text.length])).toEqual([
      [1, 1],
      [2, null],
      [3, 1],
      [4, null],
      [5, null],
    ])
  })
})

describe('a line of a file of bids', () => {
  it('is a bid and the agent that places it', () => {
    const line = readBidLine({ number: 1, text: '{"agent": "ada", "amount": "1", "key": "k"}' }, 'run')
    expect(line.submission).toMatchObject({ agent: 'ada', bid: { amount: '1', key: 'k' }, via: 'cli' })
    expect(line.submission?.actor).toMatch(/^cli\/./)
  })

  it('has a key of its run and place, unless it brings its own', () => {
    const text = '{"agent": "ada", "amount": "1"}'
    expect(readBidLine({ number: 7, text }, 'run').submission?.bid).toEqual({
      amount: '1',
      key: 'file/run/7',
    })
  })

  it.each([['nonsense'], ['[]'], ['null'], ['{"amount": "1"}'], ['{"agent": 7}'], [null]])(
    '%j is none, and says why',
    text => {
      const line = readBidLine({ number: 1, text }, 'run')
      expect(line.submission).toBeNull()
      expect(line.problem).toMatch(/^(line|agent): /)
    },
  )
})
