/**
 * A queue that is fair to those who wait in it: each has a line of its own, and the lines are served in turn, so that one
 * with a long line delays nobody but itself.
 */
export interface FairQueue<Item> {
  readonly size: number
  push(who: string, item: Item): void
  /** The next items, at most `most`, one of each line in turn. */
  take(most: number): Item[]
}

/** An empty queue. */
export function createFairQueue<Item>(): FairQueue<Item> {
  /** In the order of their turns: who was served goes to the end. */
  const lines = new Map<string, Item[]>()
  let size = 0
  return {
    get size() {
      return size
    },
    push(who, item) {
      const line = lines.get(who)
      if (line === undefined) lines.set(who, [item])
      else line.push(item)
      size += 1
    },
    take(most) {
      const taken: Item[] = []
      while (taken.length < most && size > 0) {
        const [who, line] = lines.entries().next().value!
        lines.delete(who)
        taken.push(line.shift()!)
        size -= 1
        if (line.length > 0) lines.set(who, line)
      }
      return taken
    },
  }
}
