import { natsOptions } from '../shared/config/environment.ts'

/** What a program needs to speak as an agent, by the variables that it reads. */
export function agentEnvironment(
  nats: { servers: string[] },
  agent: { marketId: string; agent: string; token: string },
): Record<string, string> {
  return {
    NATS_URL: natsOptions(nats.servers).servers.join(','),
    BOURSE_MARKET: agent.marketId,
    BOURSE_AGENT: agent.agent,
    BOURSE_TOKEN: agent.token,
  }
}

/** How to place a first bid from a program, ready to be pasted into a shell. */
export function describeStart(environment: Record<string, string>): string {
  const settings = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`)
  return [
    'To bid from a program, over NATS:',
    ...settings,
    'node setup/enter.mjs agents/first-bid-nats.ts # with our client',
    'python3 agents/python/first_bid.py            # with nats-py alone: pip install nats-py',
    '',
  ].join('\n  ')
}
