import { type Circuit, type CircuitChange, createCircuit } from './circuit.ts'
import type { LlmClock } from './llm-clock.ts'
import type { CircuitConfig, UpstreamConfig } from './llm-config.ts'

/** An upstream as one process knows it. */
export interface Upstream {
  config: UpstreamConfig
  circuit: Circuit
  /** Calls under way. */
  openCalls: number
  /** The monotonic time until which it asked to be left alone. */
  restUntilMs: number
}

/** The upstreams of a process, by name; `onChange` is told of every change of a circuit. */
export function createUpstreams(
  configs: readonly UpstreamConfig[],
  circuit: CircuitConfig,
  onChange: (upstream: string, change: CircuitChange) => void,
): Map<string, Upstream> {
  return new Map(
    configs.map(config => [
      config.name,
      {
        config,
        circuit: createCircuit(circuit, change => onChange(config.name, change)),
        openCalls: 0,
        restUntilMs: 0,
      },
    ]),
  )
}

/** Milliseconds an upstream still wants to be left alone. */
export function restMs({ restUntilMs }: Upstream, clock: LlmClock): number {
  return Math.max(0, restUntilMs - clock.monotonicMs())
}
