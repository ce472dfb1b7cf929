/** What one agent may ask of one gateway, all its connections together. */
export interface LoadLimits {
  /** Requests that were taken and are not done with yet. */
  openMax: number
  requestsPerSecond: number
  requestBurst: number
}

export const LOAD_LIMITS: LoadLimits = { openMax: 256, requestsPerSecond: 1_000, requestBurst: 2_000 }
/** A refused request is answered at most so often; the rest of a flood is dropped without a word. */
const REFUSALS_ANSWERED_PER_SECOND = 50
/** A request that could not be read counts as so many: who sends nonsense is soon not listened to. */
const FAULT_COST = 20
/** An agent that asked for nothing in this time is forgotten. */
const FORGET_AFTER_MS = 60_000

interface Load {
  open: number
  tokens: number
  refusalTokens: number
  atMs: number
}

/** Counts what each agent asks, before anything of it is read. */
export interface AgentLoad {
  /** Takes a request, or says whether its refusal is worth an answer. */
  take(agent: string, nowMs: number): 'taken' | 'refused' | 'dropped'
  /** A taken request was answered; `isFault`: it could not be read. */
  done(agent: string, isFault?: boolean): void
  /** Forgets agents that are quiet. */
  forget(nowMs: number): void
}

/** Loads of nobody yet; times come from the caller, in milliseconds that never go back. */
export function createAgentLoad(limits: LoadLimits = LOAD_LIMITS): AgentLoad {
  const loads = new Map<string, Load>()
  return {
    take(agent, nowMs) {
      const load = loads.get(agent) ?? {
        open: 0,
        tokens: limits.requestBurst,
        refusalTokens: REFUSALS_ANSWERED_PER_SECOND,
        atMs: nowMs,
      }
      loads.set(agent, load)
      const seconds = (nowMs - load.atMs) / 1000
      load.tokens = Math.min(limits.requestBurst, load.tokens + seconds * limits.requestsPerSecond)
      load.refusalTokens = Math.min(
        REFUSALS_ANSWERED_PER_SECOND,
        load.refusalTokens + seconds * REFUSALS_ANSWERED_PER_SECOND,
      )
      load.atMs = nowMs
      if (load.open < limits.openMax && load.tokens >= 1) {
        load.tokens -= 1
        load.open += 1
        return 'taken'
      }
      if (load.refusalTokens < 1) return 'dropped'
      load.refusalTokens -= 1
      return 'refused'
    },
    done(agent, isFault = false) {
      const load = loads.get(agent)
      if (load === undefined) return
      load.open -= 1
      if (isFault) load.tokens = Math.max(-limits.requestBurst, load.tokens - FAULT_COST)
    },
    forget(nowMs) {
      for (const [agent, load] of loads) {
        if (load.open === 0 && nowMs - load.atMs >= FORGET_AFTER_MS) loads.delete(agent)
      }
    },
  }
}
