import { describe, expect, test } from 'vitest'
import { CHECKS } from '../../faults/checks/checks.ts'
import { percentile, recoveryOf } from '../../faults/checks/recovery.ts'
import { countRead, newMoneyTally } from '../../faults/watch/money-tally.ts'
import { operation, soundEvidence } from './evidence.ts'

type Damaged = ReturnType<typeof soundEvidence>

/** The names of the checks that do not hold. */
function failing(damage: (evidence: Damaged) => void): string[] {
  const evidence = soundEvidence()
  damage(evidence)
  return CHECKS.map(check => check(evidence))
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)
}

const bidsLost = 'no acknowledged bid is lost, none is there twice'
const signals = 'every signal that Temporal took is dealt with, once'
const cancels = 'every acknowledged cancel holds'
const credits = 'no acknowledged transfer, grant, hold or prompt is lost, none is there twice'
const holds = 'a hold ends once, as acknowledged'
const executions = 'an execution begins once and ends once, or is paid back'
const calls = 'a call to a model is charged once, and no lease is overspent'
const births = 'every acknowledged birth took place, and was paid for once'
const revivals = 'every acknowledged revival took place, once'
const revoked = 'a lease is revoked as acknowledged, and paid back once at most'
const prompts = 'a prompt ends once, and is rewarded once'
const sameKey = 'asked again under the same key, it is the same operation'
const charged = 'a bid that won is charged once'
const money = 'credits add up at every read during the run'
const stuck = 'no hold is stuck'
const supply = 'at no instant is more leased than there is'
const cycles = 'cycles have no gaps, each is settled and told once'
const answered = 'every cycle that was answered is stored as answered'
const ticks = 'every price tick that was answered is recorded'
const status = 'a market is what it acknowledged to be'
const stream = 'every event is in the stream, once and in order'
const collector = 'every event is at the collector, once and in order'
const asleep = 'no market is asleep on work'
const deaths = 'no process ended that nobody killed'
const recovered = 'after every fault a cycle settles and a bid is acknowledged'
const audit = 'the audit, and the rebuild from events, agree'

const DEFECTS: [defect: string, seenBy: string[], damage: (evidence: Damaged) => void][] = [
  ['an acknowledged bid is lost', [bidsLost, charged], ({ market }) => void market.bids.shift()],
  [
    'a bid is there twice',
    [bidsLost, charged],
    ({ market }) => void market.bids.push(structuredClone(market.bids[0]!)),
  ],
  [
    'a bid nobody placed',
    [bidsLost],
    ({ market }) =>
      void market.bids.push({
        bidId: 'b9',
        agent: 'ada',
        mark: '9.000009',
        amountMicro: 9n,
        status: 'outbid',
      }),
  ],
  [
    'a refused bid is there all the same',
    [bidsLost, recovered],
    ({ operations }) => void Object.assign(operations[0]!, { outcome: 'refused', answers: [] }),
  ],
  [
    'a signal is forgotten',
    [signals, cancels],
    ({ market }) => {
      market.bids.pop()
      market.cancelledBidIds = []
    },
  ],
  [
    'a signal bids twice',
    [signals],
    ({ market }) => void market.bids.push({ ...market.bids[2]!, bidId: 'b4' }),
  ],
  [
    'a cancelled bid is not',
    [cancels],
    ({ market }) => {
      market.cancelledBidIds = []
    },
  ],
  ['an acknowledged transfer is lost', [credits], ({ market }) => void market.found.shift()],
  [
    'a transfer moved credits twice',
    [credits],
    ({ market }) => void market.found.push({ ...market.found[0]!, id: 't5' }),
  ],
  [
    'a hold is settled and released',
    [holds],
    ({ operations }) =>
      void operations.push(operation({ kind: 'released hold', mark: 'h5', key: 'h5', answers: ['h5'] })),
  ],
  [
    'a hold was paid twice',
    [holds],
    ({ market }) => {
      market.holds[0]!.settledTransfers = 2
    },
  ],
  [
    'an acknowledged birth did not take place',
    [births],
    ({ market }) => {
      market.children = []
    },
  ],
  [
    'a child nobody spawned',
    [births],
    ({ market }) => void market.children.push({ ...market.children[0]!, child: 'child-20' }),
  ],
  [
    'a birth was paid for twice',
    [births],
    ({ market }) => {
      market.children[0]!.fees = 2
    },
  ],
  [
    'a child was not given what it begins with',
    [births],
    ({ market }) => {
      market.children[0]!.endowments = 0
    },
  ],
  [
    'a birth is told twice',
    [births],
    ({ market }) => {
      market.children[0]!.births = 2
    },
  ],
  [
    'a child is of the wrong generation',
    [births],
    ({ market }) => {
      market.children[0]!.generations = 2
    },
  ],
  [
    'a child is told to be of somebody else',
    [births],
    ({ market }) => {
      market.children[0]!.parent = 'boris'
    },
  ],
  [
    'an acknowledged revival did not take place',
    [revivals],
    ({ market }) => {
      market.revivals = []
    },
  ],
  [
    'an agent was revived twice for one request',
    [revivals],
    ({ market }) => void market.revivals.push('revive-18'),
  ],
  [
    'a revoked lease goes on',
    [revoked],
    ({ market }) => {
      market.leases[2]!.status = 'active'
    },
  ],
  [
    'a refund that was told was not made',
    [revoked],
    ({ market }) => void Object.assign(market.leases[2]!, { isRefunded: false, refunds: 0 }),
  ],
  [
    'a lease was paid back twice',
    [revoked],
    ({ market }) => {
      market.leases[2]!.refunds = 2
    },
  ],
  [
    'an answered call has no row',
    [calls],
    ({ market }) => {
      market.calls.shift()
    },
  ],
  [
    'a call has two rows',
    [calls],
    ({ market }) => void market.calls.push({ ...market.calls[0]!, callId: 'c17' }),
  ],
  [
    'a call nobody made',
    [calls],
    ({ market }) => void market.calls.push({ ...market.calls[0]!, callId: 'c17', mark: 'call-17' }),
  ],
  [
    'an answered call was not completed',
    [calls],
    ({ market }) => {
      market.calls[0]!.outcome = 'unavailable'
    },
  ],
  [
    'tokens stay set aside for a call',
    [calls],
    ({ market }) =>
      void Object.assign(market.calls[1]!, { outcome: null, chargedTokens: null, usedTokens: null }),
  ],
  [
    'a call whose proxy died is charged less than it may have used',
    [calls],
    ({ market }) => {
      market.calls[1]!.chargedTokens = 1
    },
  ],
  [
    'a completed call is charged more than it used',
    [calls],
    ({ market }) => {
      market.calls[0]!.chargedTokens = 40
    },
  ],
  [
    'a lease is charged for a call twice',
    [calls],
    ({ market }) => {
      market.budgets[0]!.usedTokens = 100
    },
  ],
  [
    'a lease is overspent',
    [calls],
    ({ market }) => {
      market.budgets[0]!.grantedTokens = 60
    },
  ],
  [
    'a lease has tokens set aside for nothing',
    [calls],
    ({ market }) => {
      market.budgets[0]!.reservedTokens = 10
    },
  ],
  ['an acknowledged prompt is lost', [credits], ({ market }) => void market.found.pop()],
  [
    'a prompt was rewarded twice',
    [prompts],
    ({ market }) => void Object.assign(market.prompts[0]!, { mints: 2, mintedMicro: 100n }),
  ],
  [
    'a prompt was rewarded with another amount',
    [prompts],
    ({ market }) => {
      market.prompts[0]!.mintedMicro = 49n
    },
  ],
  [
    'a scored prompt expired',
    [prompts],
    ({ market }) => void Object.assign(market.prompts[0]!, { status: 'expired', mints: 0, mintedMicro: 0n }),
  ],
  [
    'what a prompt offered left escrow twice',
    [prompts],
    ({ market }) => {
      market.prompts[0]!.escrowMoves = 3
    },
  ],
  [
    'a prompt is open for ever',
    [prompts],
    ({ market, operations }) => {
      Object.assign(market.prompts[0]!, { status: 'open', mints: 0, escrowMoves: 1 })
      operations.splice(
        operations.findIndex(({ kind }) => kind === 'scored prompt'),
        1,
      )
    },
  ],
  [
    'an execution began twice',
    [executions],
    ({ market }) => {
      market.executions[0]!.begins = 2
    },
  ],
  [
    'an execution ended twice',
    [executions],
    ({ market }) => {
      market.executions[0]!.ends = 2
    },
  ],
  [
    'an execution never ends',
    [executions],
    ({ market }) => void Object.assign(market.executions[0]!, { status: 'running', ends: 0 }),
  ],
  [
    'a lease that was run is paid back',
    [executions],
    ({ market }) => {
      market.executions[0]!.refunds = 1
    },
  ],
  [
    'a missed execution is paid back twice',
    [executions],
    ({ market }) => {
      market.executions[1]!.refunds = 2
    },
  ],
  [
    'a missed execution is not paid back',
    [executions],
    ({ market }) => void Object.assign(market.executions[1]!, { isRefunded: false, refunds: 0 }),
  ],
  [
    'a key was answered with two operations',
    [sameKey],
    ({ operations }) => {
      operations[3]!.answers = ['t4', 't5']
    },
  ],
  [
    'a cycle was settled twice',
    [charged],
    ({ market }) => {
      market.payments[0]!.times = 2
    },
  ],
  [
    'a winner paid another amount',
    [charged],
    ({ market }) => {
      market.payments[0]!.amountMicro = 1n
    },
  ],
  [
    'a loser paid',
    [charged],
    ({ market }) => void market.payments.push({ bidId: 'b2', times: 1, amountMicro: 2n }),
  ],
  [
    'a winner did not pay',
    [charged],
    ({ market }) => {
      market.payments = []
    },
  ],
  [
    'credits did not add up once',
    [money],
    ({ money: tally }) => void Object.assign(tally, { wrong: 1, problems: ['once'] }),
  ],
  [
    'nobody read',
    [money],
    ({ money: tally }) => {
      tally.reads = 0
    },
  ],
  [
    'a bid was never decided',
    [stuck],
    ({ market }) => {
      market.bids[1]!.status = 'pending'
      market.rest.heldMicro = market.bids[1]!.amountMicro
    },
  ],
  [
    'credits are held for nothing',
    [stuck],
    ({ market }) => {
      market.rest.heldMicro = 7n
    },
  ],
  [
    'a resource is leased twice for a moment',
    [supply],
    ({ market }) => {
      market.leases[1]!.startsMs = 1_999
    },
  ],
  [
    'a cycle is missing',
    [cycles],
    ({ market }) => {
      market.cycles[1]!.number = 3
    },
  ],
  [
    'a cycle stayed open',
    [cycles],
    ({ market }) => {
      market.cycles[1]!.status = 'open'
    },
  ],
  ['a cycle is told twice', [cycles], ({ market }) => void market.toldCycles.push(2)],
  ['a cycle is not told', [cycles], ({ market }) => void market.toldCycles.pop()],
  [
    'a cycle is effective before its predecessor',
    [cycles],
    ({ market }) => {
      market.cycles[0]!.effectiveMs = 2_001
    },
  ],
  [
    'a cycle was answered otherwise than stored',
    [answered],
    ({ market }) => {
      market.cycles[0]!.winners = 2
    },
  ],
  [
    'an answered tick is not recorded',
    [ticks],
    ({ market }) => {
      market.ticks = 2
    },
  ],
  [
    'a paused market was open',
    [status],
    ({ operations }) => {
      operations.at(-1)!.answers = ['open']
    },
  ],
  ['a publish is lost', [stream], ({ market }) => void market.stored.splice(1, 1)],
  ['a publish is doubled', [stream], ({ market }) => void market.stored.push(market.stored[3]!)],
  [
    'publishes changed places',
    [stream],
    ({ market }) => void market.stored.push(market.stored.splice(1, 1)[0]!),
  ],
  [
    'an event is another one',
    [stream],
    ({ market }) => {
      market.stored[1] = { seq: 2, eventId: 'other' }
    },
  ],
  ['the collector lost an event', [collector], ({ market }) => void market.collected.pop()],
  [
    'the collector met one twice',
    [collector],
    ({ market }) => void market.collected.push(market.collected[0]!),
  ],
  ['the collector met them in another order', [collector], ({ market }) => void market.collected.reverse()],
  [
    'a market sleeps over a bid',
    [asleep],
    ({ market }) => {
      market.rest.pendingBids = 1
    },
  ],
  [
    'a market does not look',
    [asleep],
    ({ market }) => {
      market.rest.overdueMs = 60_000
    },
  ],
  [
    'a market forgot a lease',
    [asleep],
    ({ market }) => {
      market.rest.endedLeases = 1
    },
  ],
  [
    'a market is not published',
    [asleep],
    ({ market }) => {
      market.rest.publishedSeq = 3
    },
  ],
  [
    'markets do not come to rest',
    [asleep],
    evidence => {
      evidence.unrest = 'market m-1 has 3 bids pending'
    },
  ],
  [
    'a process died by itself',
    [deaths],
    ({ strangeDeaths }) =>
      void strangeDeaths.push({ part: 'worker-1', at: 'then', how: 'SIGSEGV', wasUp: true }),
  ],
  [
    'no cycle came after a fault',
    [recovered],
    ({ faults }) => {
      faults[0]!.healedMs = 5_000
    },
  ],
  [
    'the audit found something',
    [audit],
    ({ verify }) => {
      verify.checks[0]!.ok = false
    },
  ],
]

describe('the checks', () => {
  test('hold where everything is as it should be', () => {
    expect(failing(() => {})).toEqual([])
  })

  test.each(DEFECTS)('see it when %s', (_defect, seenBy, damage) => {
    expect(failing(damage)).toEqual(seenBy)
  })

  test('each has seen at least one defect', () => {
    const seen = new Set(DEFECTS.flatMap(([, seenBy]) => seenBy))
    const names = CHECKS.map(check => check(soundEvidence()).name)
    expect(names.filter(name => !seen.has(name))).toEqual([])
  })

  test('tell what was recovered from what never took place', () => {
    const evidence = soundEvidence()
    evidence.operations.push(
      operation({ id: 11, mark: '8.000008', key: 'k8', outcome: 'unknown', answers: [] }),
    )
    expect(CHECKS[0]!(evidence).counts).toMatchObject({ unknown: 2, recovered: 1, absent: 1, lost: 0 })
  })

  test('hold a signal that went with its terminated workflow for no loss', () => {
    const evidence = soundEvidence()
    evidence.operations.push(operation({ id: 11, kind: 'signalled bid', mark: '8.000008', key: null }))
    evidence.faults.push({
      ...evidence.faults[0]!,
      kind: 'terminate',
      target: 'agent/m-1/ada',
      injectedMs: 1_050,
      healedMs: 900,
    })
    expect(CHECKS.map(check => check(evidence)).filter(({ ok }) => !ok)).toEqual([])
    evidence.faults.pop()
    expect(failing(damaged => damaged.operations.push(evidence.operations.at(-1)!))).toEqual([signals])
  })

  test('say nothing of a status where an earlier request may still take effect', () => {
    expect(
      failing(({ operations }) => {
        const last = operations.pop()!
        operations.push({ ...last, outcome: 'unknown', answers: [] }, { ...last, answers: ['open'] })
      }),
    ).toEqual([])
  })
})

describe('a read of the money', () => {
  const sound = {
    market: 'm-1',
    atMs: 0,
    agentsMicro: 70n,
    heldMicro: 30n,
    lowestMicro: 0n,
    openBidsMicro: 20n,
    openHoldsMicro: 10n,
    mintedMicro: 100n,
    burnedMicro: 25n,
    escrowMicro: 5n,
  }
  test.each([
    ['holds', {}, 0],
    ['misses credits that were burned twice', { burnedMicro: 26n }, 1],
    ['misses credits from nowhere', { agentsMicro: 71n }, 1],
    ['sees a balance below zero', { lowestMicro: -1n }, 1],
    ['sees a hold that was skipped', { heldMicro: 10n }, 1],
  ])('%s', (_what, damage, wrong) => {
    const tally = newMoneyTally()
    countRead(tally, { ...sound, ...damage })
    expect(tally).toMatchObject({ reads: 1, wrong })
    expect(tally.problems).toHaveLength(wrong)
  })
})

describe('recovery', () => {
  test('is the time from a healing to the next settled cycle of the slowest market, and to the next bid', () => {
    const evidence = soundEvidence()
    evidence.markets.push({
      ...evidence.market,
      cycles: [{ ...evidence.market.cycles[0]!, effectiveMs: 1_700 }],
    })
    expect(recoveryOf(evidence)).toEqual({ cycleMs: [800], bidMs: [200], never: [] })
  })

  test('has percentiles', () => {
    const hundred = Array.from({ length: 100 }, (_, place) => 100 - place)
    expect([
      percentile(hundred, 50),
      percentile(hundred, 99),
      percentile([7], 99),
      percentile([], 50),
    ]).toEqual([50, 99, 7, 0])
  })
})
