import type { Evidence, MarketEvidence } from '../../faults/evidence.ts'
import type { Operation } from '../../faults/history.ts'
import { describeOutcome } from '../../faults/load/operators.ts'

export const MARKET = 'm-1'

/** An operation of the market that was acknowledged at its first try; `changes` say what else it was. */
export function operation(changes: Partial<Operation>): Operation {
  return {
    id: 1,
    load: 'a load',
    kind: 'bid',
    market: MARKET,
    agent: 'ada',
    mark: '1.000001',
    key: 'k1',
    startedMs: 1_000,
    endedMs: 1_100,
    outcome: 'acknowledged',
    tries: 1,
    unknownTries: 0,
    answers: ['b1'],
    detail: null,
    ...changes,
  }
}

/** A small run in which everything was as it should be; made anew for each test, which damages it. */
export function soundEvidence(): Evidence & { market: MarketEvidence } {
  const events = [1, 2, 3, 4].map(seq => ({ seq, eventId: `e${seq}` }))
  const lease = {
    status: 'ended' as const,
    quantitiesPpm: [600_000],
    isRefunded: false,
    isMissed: false,
    refunds: 0,
  }
  const market: MarketEvidence = {
    market: MARKET,
    bids: [
      { bidId: 'b1', agent: 'ada', mark: '1.000001', amountMicro: 1_000_001n, status: 'completed' },
      { bidId: 'b2', agent: 'ada', mark: '2.000002', amountMicro: 2_000_002n, status: 'outbid' },
      { bidId: 'b3', agent: 'ada', mark: '3.000003', amountMicro: 3_000_003n, status: 'cancelled' },
    ],
    found: [
      { kind: 'transfer', mark: 'transfer-4', id: 't4' },
      { kind: 'hold', mark: 'hold-5', id: 'h5' },
      { kind: 'prompt', mark: 'prompt-11', id: 'p11' },
    ],
    cancelledBidIds: ['b3'],
    holds: [{ holdId: 'h5', amountMicro: 5n, status: 'settled', settledTransfers: 1 }],
    prompts: [
      {
        promptId: 'p11',
        status: 'rewarded',
        awardedMicro: 50n,
        mints: 1,
        mintedMicro: 50n,
        escrowMoves: 2,
      },
    ],
    executions: [
      {
        leaseId: 'l1',
        status: 'terminated',
        isRefunded: false,
        isRevoked: false,
        refunds: 0,
        begins: 1,
        ends: 1,
      },
      { leaseId: 'l2', status: 'missed', isRefunded: true, isRevoked: false, refunds: 1, begins: 0, ends: 0 },
    ],
    calls: [
      {
        callId: 'c15',
        mark: 'call-15',
        outcome: 'completed',
        reservedTokens: 40,
        chargedTokens: 30,
        usedTokens: 30,
      },
      {
        callId: 'c16',
        mark: 'call-16',
        outcome: 'abandoned',
        reservedTokens: 40,
        chargedTokens: 40,
        usedTokens: 0,
      },
    ],
    budgets: [
      {
        leaseId: 'l1',
        grantedTokens: 100,
        usedTokens: 70,
        reservedTokens: 0,
        openCalls: 0,
        chargedTokens: 70,
      },
    ],
    outcomes: [{ key: 'k1', agent: 'ada', ok: true }],
    payments: [{ bidId: 'b1', times: 1, amountMicro: 1_000_001n }],
    leases: [
      { ...lease, leaseId: 'l1', startsMs: 1_000, endsMs: 2_000 },
      { ...lease, leaseId: 'l2', startsMs: 2_000, endsMs: 3_000, isMissed: true, refunds: 1 },
      {
        ...lease,
        leaseId: 'l3',
        status: 'revoked',
        startsMs: 3_000,
        endsMs: 3_100,
        isRefunded: true,
        refunds: 1,
      },
    ],
    children: [{ child: 'child-17', parent: 'ada', generations: 1, births: 1, fees: 1, endowments: 1 }],
    revivals: ['revive-18'],
    turns: { agent_dormant: 2, agent_revived: 1 },
    cycles: [
      { number: 1, status: 'settled', effectiveMs: 1_000, winners: 1, losers: 0, revenueMicro: 1_000_001n },
      { number: 2, status: 'settled', effectiveMs: 2_000, winners: 0, losers: 1, revenueMicro: 0n },
    ],
    ticks: 3,
    written: events,
    stored: [...events],
    collected: [...events],
    toldCycles: [1, 2],
    rest: {
      status: 'open',
      asleep: true,
      overdueMs: null,
      pendingBids: 0,
      expiredBids: 0,
      openPrompts: 0,
      openExecutions: 0,
      openCalls: 0,
      livesToJudge: 0,
      activeLeases: 0,
      endedLeases: 0,
      heldMicro: 0n,
      lastSeq: 4,
      publishedSeq: 4,
    },
  }
  return {
    market,
    markets: [market],
    faults: [
      {
        wave: 1,
        kind: 'kill',
        target: 'worker-1',
        detail: {},
        injectedMs: 800,
        healedMs: 900,
        note: null,
      },
    ],
    operations: [
      operation({}),
      operation({ id: 2, mark: '2.000002', key: 'k2', outcome: 'unknown', unknownTries: 1, answers: [] }),
      operation({ id: 3, kind: 'signalled bid', mark: '3.000003', key: null, answers: [] }),
      operation({
        id: 4,
        kind: 'transfer',
        mark: 'transfer-4',
        key: 'transfer-4',
        answers: ['t4', 't4'],
        tries: 2,
      }),
      operation({ id: 5, kind: 'hold', mark: 'hold-5', key: 'hold-5', answers: ['h5'] }),
      operation({ id: 6, kind: 'settled hold', mark: 'h5', key: 'h5', answers: ['h5'] }),
      operation({ id: 7, kind: 'cancel', mark: 'b3', key: 'b3', answers: ['b3'] }),
      operation({
        id: 8,
        kind: 'step',
        key: null,
        answers: [describeOutcome({ cycle: 1, winners: 1, losers: 0, revenue: '1.000001' })],
      }),
      operation({ id: 9, kind: 'tick', key: null, answers: ['3'] }),
      operation({ id: 11, kind: 'prompt', mark: 'prompt-11', key: 'prompt-11', answers: ['p11'] }),
      operation({
        id: 12,
        kind: 'scored prompt',
        mark: 'p11',
        key: 'p11',
        answers: ['p11', 'p11'],
        tries: 2,
      }),
      operation({ id: 15, kind: 'model call', mark: 'call-15', key: null, answers: ['c15'] }),
      operation({
        id: 16,
        kind: 'model call',
        mark: 'call-16',
        key: null,
        outcome: 'unknown',
        unknownTries: 1,
        answers: [],
      }),
      operation({ id: 17, kind: 'spawn', mark: 'child-17', key: 'spawn-17', answers: ['s17'] }),
      operation({ id: 18, kind: 'revive', mark: 'revive-18', key: null, answers: ['dead'] }),
      operation({ id: 19, kind: 'revoked lease', mark: 'l3', key: 'l3', answers: ['2.5', '2.5'], tries: 2 }),
      operation({ id: 10, kind: 'status', mark: 'pause', key: null, answers: ['paused'] }),
    ],
    money: { reads: 10, unanswered: 1, wrong: 0, problems: [] },
    strangeDeaths: [],
    unrest: null,
    verify: { ok: true, checks: [{ name: 'a check', market: MARKET, ok: true, checked: 1, detail: null }] },
  }
}
