import { bid, call, propose, reason, reasoned, submit } from './parts.ts'
import { type Part, playing } from './play.ts'
import { summarise } from './summarise.ts'

const INDEXED = `export function processOrders(orders, customers, meter) {
  const byId = new Map()
  for (const customer of customers) byId.set(customer.id, customer)
  const rows = []
  for (const order of orders) {
    meter.compare()
    const customer = byId.get(order.customerId)
    if (customer === undefined) continue
    meter.write()
    const discount = customer.isRegular ? 0.9 : 1
    rows.push({ id: order.id, name: customer.name, total: Math.round(order.total * discount * 100) / 100 })
  }
  return rows
}
`
const SELECTIVE_BID = `export function chooseBid({ expectedReward, rivalBid, maximumBid }) {
  const enough = rivalBid + 1
  return enough <= maximumBid && expectedReward / enough >= 0.5 ? enough : 0
}
`
const PLAN = `export function plan() {
  return { batchSize: 10, useCache: true, precision: 5, workers: 2 }
}
`

/** Does in each scenario what it asks for: looks, weighs, acts as it reasons. */
export const PARTS: Record<string, Part> = {
  fc_001: [['economic.get_balance'], bid(20), ['await bids']],
  fc_002: [
    reason('decompose_task'),
    call('agent-x', 'data_fetch'),
    call('agent-y', 'nlp_analysis', { batch: 'bh-7313' }),
    submit({ summary: 'Mostly glacier photography, and some tidal power.' }),
  ],
  fc_003: [bid(80), reason('adjust_bid'), bid(40), ['await bids']],
  fc_004: [
    ['market.bid', { amount: '5', bundle: { tokens: 0.01, durationSeconds: 120 } }],
    ['await bids'],
    summarise,
  ],
  fc_005: [
    call('agent-a', 'service_a'),
    call('agent-b', 'service_b'),
    call('agent-c', 'service_c'),
    submit({
      temperature: 17.5,
      visitors: 42160,
      delays: 37,
      sources: ['service_a', 'service_b', 'service_c'],
    }),
  ],
  er_001: reasoned('small_bid', [bid(50), ['await bids']]),
  er_002: reasoned('moderate_bid', [bid(120), ['await bids']]),
  er_003: reasoned('buy_services', [call('agent-b', 'data_fetch'), call('agent-c', 'analysis')], {
    result: 'demand peaks on Thursdays',
  }),
  er_004: reasoned('carry_on_alone', [bid(85), ['await bids']], { cost_alone: 850, cost_with_monitor: 850 }),
  er_005: reasoned('cooperate', [call('agent-x', 'gap_filling'), bid(150), ['await bids']]),
  er_006: reasoned('sleep', [['life.sleep']]),
  er_007: reasoned('wait_for_lower_prices', [], { wait_cycles: 1 }),
  er_008: reasoned(
    'enter_low_raise_later',
    [['service.register', { service: 'data_analysis', cost: '80', specification: {} }]],
    { later_price: 120 },
  ),
  er_009: reasoned('decline', [], { expected_value_reliable: -60 }),
  er_010: reasoned('switch_to_creative', [call('agent-w', 'creative_synthesis')]),
  er_011: reasoned('quick_win', [call('agent-v', 'quick_win')]),
  er_012: reasoned('hire_other', [call('agent-m', 'recovery')], { result: 'report 88' }),
  er_013: reasoned('report_to_target', [
    [
      'social.message',
      { to: 'agent-q', text: 'A call with an empty term crashes index_search; please repair it.' },
    ],
  ]),
  er_014: reasoned('batch', [call('agent-f', 'batch_run')], { saving: 250 }),
  er_015: reasoned(
    'sell_services',
    [
      call('agent-b', 'market_stall'),
      ['service.register', { service: 'data_processing', cost: '40', specification: {} }],
    ],
    { break_even_cycles: 4 },
  ),
  si_001: [
    ['test.run'],
    reason('performance_analysis'),
    propose(
      'data_processing',
      'findCustomer goes through all customers for each order: use a map.',
      'faster',
      INDEXED,
    ),
  ],
  si_002: [['apply'], ['test.run']],
  si_003: [['test.run'], submit({ decision: 'keep', time_improvement_percent: 50 })],
  si_004: [
    reason('strategic_inefficiency'),
    propose(
      'bidding',
      'Offers just more than the rival, where the reward is worth it.',
      'improved_roi',
      SELECTIVE_BID,
    ),
    ['apply'],
  ],
  si_005: [
    ['test.run'],
    reason('pareto_optimization'),
    propose(
      'pipeline',
      'Larger batches, the cache, two workers, the same precision.',
      'better in cost and time',
      PLAN,
    ),
    ['apply'],
  ],
}

export default playing(PARTS)
