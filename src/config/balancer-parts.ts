import type { ConsistentHashOptions } from '../balancers/consistent-hash.ts'
import type { MaglevOptions } from '../balancers/maglev.ts'
import type { RendezvousOptions } from '../balancers/rendezvous.ts'
import type { Balancer } from '../core/balancer.ts'
import type { NamedPart, Part } from './part.ts'
import type { Schema } from './schema/schema.ts'
import { choice, either, integer, moduleValue, number, object, orUnlimited, text } from './schema/values.ts'

const hashKey: Schema = either(
  choice('client-address', 'path'),
  object({ header: text }, { required: ['header'], expected: '{ header: "..." }' }),
  object({ cookie: text }, { required: ['cookie'], expected: '{ cookie: "..." }' }),
  moduleValue('a function of the exchange'),
)

const consistentHash: Part<ConsistentHashOptions, Balancer> = {
  schema: { key: hashKey, loadFactor: orUnlimited(number(1)), virtualNodes: integer(1) },
  required: [],
  load: async () => (await import('../balancers/consistent-hash.ts')).consistentHash,
}

const maglev: Part<MaglevOptions, Balancer> = {
  schema: { key: hashKey, tableSize: integer(2) },
  required: [],
  load: async () => (await import('../balancers/maglev.ts')).maglev,
}

const rendezvous: Part<RendezvousOptions, Balancer> = {
  schema: { key: hashKey },
  required: [],
  load: async () => (await import('../balancers/rendezvous.ts')).rendezvous,
}

/** The balancers that a configuration can name, by their names in the builder. */
export const balancerParts: Readonly<Record<string, NamedPart<Balancer>>> = {
  consistentHash,
  leastConnections: withoutOptions(
    async () => (await import('../balancers/least-connections.ts')).leastConnections,
  ),
  leastResponseTime: withoutOptions(
    async () => (await import('../balancers/least-response-time.ts')).leastResponseTime,
  ),
  maglev,
  powerOfTwoChoices: withoutOptions(
    async () => (await import('../balancers/power-of-two-choices.ts')).powerOfTwoChoices,
  ),
  random: withoutOptions(async () => (await import('../balancers/random.ts')).random),
  rendezvous,
  roundRobin: withoutOptions(async () => (await import('../balancers/round-robin.ts')).roundRobin),
  weightedRoundRobin: withoutOptions(
    async () => (await import('../balancers/weighted-round-robin.ts')).weightedRoundRobin,
  ),
}

function withoutOptions(load: () => Promise<() => Balancer>): NamedPart<Balancer> {
  return { schema: {}, required: [], load }
}
