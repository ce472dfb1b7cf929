import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { eventually, openTestEconomy } from '../workflows/economy-client.ts'
import { root } from './markdown.ts'

test('the first bid of the README is placed, by signal and by update', async () => {
  const economy = await openTestEconomy()
  try {
    const marketId = await economy.createMarket('first', {}, { ann: 500n })
    const address = process.env.BOURSE_TEMPORAL_ADDRESS!
    const args = [join(root, 'agents', 'first-bid.mjs'), address, marketId, 'ann']
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toMatch(/ok: true/)
    const bids = await eventually(async () => {
      const { rows } = await economy.db.query(
        'select via, status from bids where market_id = $1 order by timestamp, ordinal',
        [marketId],
      )
      return rows.every(bid => bid.status !== 'pending') && rows
    })
    expect(bids).toEqual([
      { via: 'signal', status: 'winning' },
      { via: 'update', status: 'winning' },
    ])
  } finally {
    await economy.close()
  }
})
