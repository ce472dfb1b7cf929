import type { Random } from '../random.ts'
import type { FaultPlan } from '../schedule.ts'
import type { Line } from '../stage/line.ts'
import type { FaultKind } from './kind.ts'

function lineFault(
  name: string,
  weight: number,
  plan: (random: Random) => Pick<FaultPlan, 'lastsMs' | 'detail'>,
  disturb: (line: Line, detail: FaultPlan['detail']) => void,
): FaultKind {
  return {
    name,
    weight,
    targets: cast => cast.lines,
    plan,
    async inject({ target, detail }, { stage }) {
      const line = stage.line(target)
      disturb(line, detail)
      return { heal: async () => line.mend() }
    },
  }
}

/** Every connection of a line breaks, and none can be made. */
export const cut = lineFault(
  'cut',
  3,
  random => ({ lastsMs: random.between(100, 5_000), detail: {} }),
  line => line.cut(),
)

/** Nothing gets through, and nobody is told. */
export const stall = lineFault(
  'stall',
  3,
  random => ({ lastsMs: random.between(500, 8_000), detail: {} }),
  line => line.freeze(),
)

/** Everything arrives late. */
export const slow = lineFault(
  'delay',
  2,
  random => ({ lastsMs: random.between(1_000, 6_000), detail: { delayMs: random.between(20, 600) } }),
  (line, { delayMs }) => line.delay(Number(delayMs)),
)

/** Little gets through at a time. */
export const throttle = lineFault(
  'throttle',
  2,
  random => ({
    lastsMs: random.between(1_000, 6_000),
    detail: { bytesPerSecond: random.between(2_000, 60_000) },
  }),
  (line, { bytesPerSecond }) => line.throttle(Number(bytesPerSecond)),
)
