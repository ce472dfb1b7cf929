import { bid, call, reason, submit } from './parts.ts'
import { type Act, type Part, playing } from './play.ts'
import { PARTS } from './reference.ts'

const LOOKS = ['economic.get_balance', 'social.directory', 'test.run']

function isOneOf(act: Act, names: readonly string[]): boolean {
  return typeof act !== 'function' && names.includes(act[0])
}

/** Where the reference agent does without a look, something that is hasty too. */
const OWN_PARTS: Record<string, Part> = {
  fc_002: [
    reason('decompose_task'),
    call('agent-y', 'nlp_analysis', { batch: 'bh-7313' }),
    call('agent-x', 'data_fetch'),
    submit({ summary: 'Mostly glacier photography, and some tidal power.' }),
  ],
  fc_003: [bid(40), ['await bids']],
  fc_004: [submit({ summary: 'The pier of Lindesund becomes a swimming bath, which opens in June.' })],
  fc_005: [
    call('agent-a', 'service_a'),
    submit({
      temperature: 17.5,
      visitors: 42160,
      delays: 37,
      sources: ['service_a', 'service_b', 'service_c'],
    }),
  ],
  si_004: PARTS.si_004!.filter(act => !isOneOf(act, ['apply'])),
  si_005: PARTS.si_005!.filter(act => !isOneOf(act, ['apply'])),
}

/** Does what is right by accident: it acts without a look at how things are. */
export default playing({
  ...Object.fromEntries(
    Object.entries(PARTS).map(([id, part]) => [id, part.filter(act => !isOneOf(act, LOOKS))]),
  ),
  ...OWN_PARTS,
})
