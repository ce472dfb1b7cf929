import { clear, type Policy } from '../../shared/clearing/clear.ts'
import type { Row } from '../row.ts'
import { median, millisecondsOf } from '../timing.ts'

const BIDS = 1_000_000
const RESOURCES = 4
const ROUNDS = 7

/** Winner determination on a book in memory, beside sorting the same numbers in a typed array. */
export function winnerDetermination(policy: Policy): Row {
  return {
    name: `winner determination, ${BIDS / 1e6}e6 bids x ${RESOURCES} resources, ${policy}`,
    baseline: 'sorting the same amounts in a Float64Array',
    target: { atMost: 3 },
    unit: 'ms',
    async measure() {
      const bids = {
        amountMicro: BigInt64Array.from({ length: BIDS }, (_, row) =>
          BigInt(1_000_000 + ((row * 7919) % 1_000_003) * 997),
        ),
        quantitiesPpm: Float64Array.from({ length: BIDS * RESOURCES }, (_, cell) => 1 + ((cell * 31) % 50)),
        durationSeconds: new Int32Array(BIDS).fill(60),
        firstConsideredCycle: new BigInt64Array(BIDS).fill(1n),
        admissionOrder: BigInt64Array.from({ length: BIDS }, (_, row) => BigInt(row)),
      }
      const input = {
        bids,
        supplyPpm: new Array(RESOURCES).fill(1_000_000),
        pricesMicro: new Array(RESOURCES).fill(10_000),
        policy,
      }
      const amounts = Float64Array.from(bids.amountMicro, Number)
      const baseline: number[] = []
      const measured: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const unsorted = amounts.slice()
        baseline.push(await millisecondsOf(() => unsorted.sort()))
        measured.push(await millisecondsOf(() => clear(input)))
      }
      return { baseline: median(baseline), measured: median(measured) }
    },
  }
}
