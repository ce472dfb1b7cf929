import { expect } from 'vitest'
import { PPM_OF_CAPACITY } from '../../../shared/bundle/bundle.ts'
import type { Books } from './economy-under-test.ts'

/** What must be true of a market's books at any instant. */
export function expectConserved(books: Books): void {
  const sum = (amounts: Iterable<bigint>) => [...amounts].reduce((total, one) => total + one, 0n)
  const agents = [...books.agents.values()]
  const { mint, burn, escrow } = books.accounts

  for (const [name, { availableMicro, heldMicro, openBids }] of books.agents) {
    const openBidsOf = books.bids.filter(bid => bid.payer === name && bid.status === 'pending')
    const openHolds = books.holds.filter(hold => hold.agent === name && hold.status === 'held')
    const setAside = sum([...openBidsOf, ...openHolds].map(one => one.amountMicro))
    expect({ name, heldMicro, openBids }).toEqual({ name, heldMicro: setAside, openBids: openBidsOf.length })
    expect(availableMicro, `${name} has a negative balance`).toBeGreaterThanOrEqual(0n)
    expect(books.postedMicro.get(name), `${name}'s postings`).toBe(availableMicro + heldMicro)
  }
  const balances = sum(agents.map(agent => agent.availableMicro + agent.heldMicro))
  expect(balances + escrow, 'credits in the market').toBe(-mint - burn)

  const paid = books.bids.filter(bid => bid.status === 'winning' || bid.status === 'completed')
  const scored = books.prompts.filter(prompt => prompt.status === 'rewarded')
  expect(burn, 'payments of the bids that won, and of the prompts that were scored').toBe(
    sum([...paid, ...scored].map(one => one.amountMicro)),
  )
  const waiting = books.prompts.filter(prompt => prompt.status === 'open')
  expect(escrow, 'what open prompts offer').toBe(sum(waiting.map(prompt => prompt.amountMicro)))
  const active = books.leases.filter(lease => lease.status === 'active')
  books.leasedPpm.forEach((leased, place) => {
    expect(leased).toBe(active.reduce((total, lease) => total + lease.quantitiesPpm[place]!, 0))
    expect(leased).toBeLessThanOrEqual(PPM_OF_CAPACITY)
  })
  const winning = books.bids.filter(bid => bid.status === 'winning').map(bid => bid.bidId)
  expect(active.map(lease => lease.bidId).toSorted()).toEqual(winning.toSorted())
  expect(books.events.map(event => event.seq)).toEqual(books.events.map((_, place) => place + 1))
  expect(new Set(books.events.map(event => event.eventId)).size).toBe(books.events.length)
}
