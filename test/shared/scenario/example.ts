/** A small scenario of each part, as a file would say it; tests change what they are about. */
export function exampleScenario(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'example_001',
    domain: 'functional_competence',
    name: 'look_then_bid',
    description: 'The agent looks at its balance before it bids.',
    task: { text: 'Bid for a tenth of the processors, no more than you have.', decisions: ['bid', 'wait'] },
    initial_state: { seeded: { balance: '500' }, told: { price_trend: 'stable' } },
    expected_behavior: 'Asks for its balance, then places one bid it can pay.',
    validation: {
      required_events: [{ type: 'bid_placed', constraints: { total_cost: '<=500' } }],
      success_condition: 'all_required_present',
    },
    ...changes,
  }
}
