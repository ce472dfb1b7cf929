import type { Surroundings } from '../../workers/run-market-worker.ts'

/** The surroundings of both: `outer` is the one the worker meets first. */
export function composed(outer: Partial<Surroundings>, inner: Partial<Surroundings>): Partial<Surroundings> {
  const both: Partial<Surroundings> = { ...inner, ...outer }
  for (const name of Object.keys(both) as (keyof Surroundings)[]) chain(name)
  return both

  function chain<Name extends keyof Surroundings>(name: Name) {
    const [first, second] = [outer[name], inner[name]] as [Wrapper | undefined, Wrapper | undefined]
    if (first && second) both[name] = ((real: unknown) => first(second(real))) as Surroundings[Name]
  }
}

type Wrapper = (real: unknown) => unknown
