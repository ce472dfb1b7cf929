/** Has one thing done, together with others that were asked for meanwhile. */
export type Line<One, Answer> = (one: One) => Promise<Answer>

interface Waiting<One, Answer> {
  one: One
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Statements that change the same rows, one after the other, so that they never wait for each other's locks: what is
 * asked for while one is under way is gathered for the next, of its own line. Who comes alone waits for nobody.
 */
export function createStatementLane(): {
  /**
   * A line of the lane. `run` does at most `most` at once and answers in their order; where it throws for several, each
   * is done alone, so that only what is wrong fails.
   */
  line<One, Answer>(
    most: number,
    run: (batch: readonly One[]) => Promise<readonly Answer[]>,
  ): Line<One, Answer>
} {
  const lines: { hasWaiting: () => boolean; runNext: () => Promise<void> }[] = []
  let isRunning = false

  async function keepRunning(): Promise<void> {
    if (isRunning) return
    isRunning = true
    while (lines.some(line => line.hasWaiting())) {
      for (const line of lines) if (line.hasWaiting()) await line.runNext()
    }
    isRunning = false
  }

  return {
    line<One, Answer>(most: number, run: (batch: readonly One[]) => Promise<readonly Answer[]>) {
      const waiting: Waiting<One, Answer>[] = []
      lines.push({
        hasWaiting: () => waiting.length > 0,
        runNext: () => runAll(waiting.splice(0, most), run),
      })
      return (one: One) =>
        new Promise<Answer>((resolve, reject) => {
          waiting.push({ one, resolve, reject })
          void keepRunning()
        })
    },
  }
}

/** Never rejects: each of the batch is told. */
async function runAll<One, Answer>(
  batch: readonly Waiting<One, Answer>[],
  run: (batch: readonly One[]) => Promise<readonly Answer[]>,
): Promise<void> {
  try {
    const answers = await run(batch.map(({ one }) => one))
    batch.forEach(({ resolve }, place) => {
      resolve(answers[place]!)
    })
  } catch (error) {
    if (batch.length === 1) batch[0]!.reject(error)
    else await Promise.all(batch.map(alone => runAll([alone], run)))
  }
}
