import { nkeys } from 'nats'

/** The two keys of the auth callout, as NATS spells seeds: one signs what agents may do, one seals what is said about it. */
export interface IdentityKeys {
  issuerSeed: string
  xkeySeed: string
}

/** Draws new keys. */
export function newIdentityKeys(): IdentityKeys {
  const seedOf = (pair: { getSeed(): Uint8Array }) => new TextDecoder().decode(pair.getSeed())
  return { issuerSeed: seedOf(nkeys.createAccount()), xkeySeed: seedOf(nkeys.createCurve()) }
}

/** The public halves, which the server's configuration names. Throws when a seed is none. */
export function publicKeysOf({ issuerSeed, xkeySeed }: IdentityKeys): { issuer: string; xkey: string } {
  const bytes = (text: string) => new TextEncoder().encode(text)
  return {
    issuer: nkeys.fromSeed(bytes(issuerSeed)).getPublicKey(),
    xkey: nkeys.fromCurveSeed(bytes(xkeySeed)).getPublicKey(),
  }
}
