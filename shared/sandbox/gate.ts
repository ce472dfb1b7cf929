/** Lets so many in at a time; the others wait in the order they came. */
export interface Gate {
  /** Resolves when there is room, with what gives the room back; giving it back twice does no harm. */
  enter(): Promise<() => void>
}

export function createGate(room: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  return {
    async enter() {
      if (inside >= room) await new Promise<void>(resolve => waiting.push(resolve))
      else inside += 1
      let left = false
      return () => {
        if (left) return
        left = true
        const next = waiting.shift()
        // Whoever waited takes the place over.
        if (next === undefined) inside -= 1
        else next()
      }
    },
  }
}
