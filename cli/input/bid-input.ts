import { wrongUsage } from '../command-failure.ts'

export interface BidOptions {
  amount?: string
  cpu?: string
  memory?: string
  tokens?: string
  attention?: string
  resource?: string[]
  duration?: string
  goodTillCancelled?: boolean
  expiresAt?: string
  onBehalfOf?: string
  key?: string
}

const DEFAULT_RESOURCES = ['cpu', 'memory', 'tokens', 'attention'] as const

/**
 * The bid that these options describe, as an agent would send it. Amounts and fractions stay text, so that nothing is
 * rounded; whether they are right is admission's to say.
 */
export function bidOf(options: BidOptions): Record<string, unknown> {
  const { amount, duration, goodTillCancelled, expiresAt, onBehalfOf, key } = options
  if (amount === undefined)
    throw wrongUsage('--amount: is missing; it is the credits offered, such as 25', 'amount')
  if (duration === undefined) {
    throw wrongUsage('--duration: is missing; it is a whole number of seconds from 1 to 86400', 'duration')
  }
  return {
    amount,
    bundle: {
      ...fractionsOf(options),
      durationSeconds: /^\d{1,9}$/.test(duration) ? Number(duration) : duration,
    },
    ...(goodTillCancelled ? { goodTillCancelled } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(key === undefined ? {} : { key }),
  }
}

function fractionsOf(options: BidOptions): Record<string, string> {
  const named = DEFAULT_RESOURCES.flatMap(name => {
    const fraction = options[name]
    return fraction === undefined ? [] : [[name, fraction] as const]
  })
  const own = (options.resource ?? []).map(text => {
    const [, name, fraction] = /^([^=]+)=(.*)$/.exec(text) ?? []
    if (name === undefined || fraction === undefined) {
      throw wrongUsage(`--resource: ${JSON.stringify(text)} is not of the form gpu=0.25`, 'resource')
    }
    return [name, fraction] as const
  })
  const fractions = [...named, ...own]
  const twice = fractions.find(([name], place) =>
    fractions.some(([other], earlier) => earlier < place && other === name),
  )
  if (twice) throw wrongUsage(`--resource: ${JSON.stringify(twice[0])} is given twice`, 'resource')
  return Object.fromEntries(fractions)
}
