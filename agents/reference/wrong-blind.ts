import { playing } from './play.ts'

/** Bids the same at once, whatever it is asked, without a look and without a reason. */
export default playing({
  any: [
    ['market.bid', { amount: '50', bundle: { cpu: 0.1, memory: 0.1, durationSeconds: 1 } }],
    ['await bids'],
  ],
})
