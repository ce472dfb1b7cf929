import highsModule from 'highs'

/** The package's types describe its CommonJS build; what an ES module imports is the loader itself. */
const loadHighs = highsModule as unknown as typeof highsModule.default
let loadedHighs: ReturnType<typeof loadHighs> | undefined

/** The solver's numbers are scaled to about 1; a coefficient beyond this only says that the bid cannot fit. */
const MAX_SCALED_QUANTITY = 1e6
const PRECISION_BITS = 30n
const PRECISION = 2 ** Number(PRECISION_BITS)

/** The part of a book that a bound needs: quantities row-major, in the same units as supply, all safe integers. */
export type BoundInput = {
  amountMicro: BigInt64Array
  quantities: Float64Array
  supply: ArrayLike<number>
}

/**
 * An upper bound on the total amount any set of winners can pay: the optimum of the linear relaxation, in which a
 * bid may win in part, rounded down to a whole micro-credit.
 *
 * The solver only supplies prices for the supply of each resource. By weak duality any prices that are not negative
 * give a bound, sum of prices + sum over bids of max(0, amount - what the bundle costs at these prices), and that
 * sum is taken here in integers: the solver's rounding can loosen the bound, never break it.
 */
export async function lpBoundMicro(input: BoundInput): Promise<bigint> {
  const supplyPricesMicro = await solverPrices(input)
  return boundAtPrices(input, supplyPricesMicro)
}

/** What the whole supply of each resource is worth at the relaxation's optimum, in micro-credits. */
async function solverPrices({ amountMicro, quantities, supply }: BoundInput): Promise<number[]> {
  const bids = amountMicro.length
  const resources = supply.length
  const none = Array.from({ length: resources }, () => 0)
  if (bids === 0) return none
  const amounts = Float64Array.from(amountMicro, Number)
  const largestAmount = amounts.reduce((largest, amount) => Math.max(largest, amount), 1)
  const scaledQuantities = quantities.map((quantity, at) => {
    const available = supply[at % resources]!
    if (quantity === 0) return 0
    return available === 0 ? MAX_SCALED_QUANTITY : Math.min(quantity / available, MAX_SCALED_QUANTITY)
  })

  loadedHighs ??= loadHighs()
  const highs = await loadedHighs
  return highs.withModel(
    {
      numCols: bids,
      numRows: resources,
      sense: highs.constants.objectiveSense.maximize,
      colCost: amounts.map(amount => amount / largestAmount),
      colLower: new Float64Array(bids),
      colUpper: new Float64Array(bids).fill(1),
      rowLower: new Float64Array(resources).fill(-highs.infinity),
      rowUpper: new Float64Array(resources).fill(1),
      matrix: {
        format: 'csc',
        numRows: resources,
        numCols: bids,
        starts: Int32Array.from({ length: bids + 1 }, (_, bid) => bid * resources),
        indices: Int32Array.from(quantities, (_, at) => at % resources),
        values: scaledQuantities,
      },
    },
    model => {
      model.options.set({ output_flag: false, solver: 'ipm', run_crossover: 'on' })
      model.run()
      if (model.getModelStatus() !== highs.constants.modelStatus.optimal) {
        throw new Error('the solver did not find the optimum of the linear relaxation')
      }
      return Array.from(model.getSolution().rowDual, dual => Math.max(dual, 0) * largestAmount)
    },
  )
}

function boundAtPrices({ amountMicro, quantities, supply }: BoundInput, supplyPricesMicro: number[]): bigint {
  const resources = supply.length
  const prices = supplyPricesMicro.map(price => BigInt(Math.round(price * PRECISION)))
  const supplies = Array.from(supply, BigInt)
  let bound = 0n
  for (let resource = 0; resource < resources; resource++) {
    if (supplies[resource]! > 0n) bound += prices[resource]!
  }
  for (let bid = 0; bid < amountMicro.length; bid++) {
    let surplus = amountMicro[bid]! << PRECISION_BITS
    for (let resource = 0; resource < resources && surplus > 0n; resource++) {
      const quantity = quantities[bid * resources + resource]!
      if (quantity === 0) continue
      const available = supplies[resource]!
      surplus = available === 0n ? 0n : surplus - (prices[resource]! * BigInt(quantity)) / available
    }
    if (surplus > 0n) bound += surplus
  }
  return bound >> PRECISION_BITS
}
