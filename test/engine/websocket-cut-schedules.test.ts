import fc from 'fast-check'
import { expect, it } from 'vitest'
import { websocket } from '../../src/filters/index.ts'
import { type CutWorld, cutWorld, type Fault, STEPS } from './cut-world.ts'
import type { Version } from './far-end.ts'

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2']

interface Place {
  readonly client: Version
  readonly service: Version
  readonly filtered: boolean
  /** Whether the client has all its WebSockets on one connection, where that can be. */
  readonly shared: boolean
}

const PLACES: readonly Place[] = VERSIONS.flatMap((client) =>
  VERSIONS.flatMap((service) =>
    [false, true].flatMap((filtered) => [
      { client, service, filtered, shared: false },
      ...(client === 'HTTP/2' ? [{ client, service, filtered, shared: true }] : []),
    ]),
  ),
)

const side = fc.constantFrom('client', 'service')

const cut = fc.record({ side, how: fc.constantFrom('reset', 'end'), byte: fc.integer({ min: 1, max: 600 }) })

const streamFault = fc.record({
  side,
  how: fc.constantFrom('RST_STREAM', 'GOAWAY', 'GOAWAY that refuses'),
  step: fc.integer({ min: 0, max: STEPS }),
})

/** Streams, and what can be done to them, are there over HTTP/2 alone. */
function possible(faults: readonly Fault[], place: Place): Fault[] {
  return faults.filter((it) => 'byte' in it || place[it.side] === 'HTTP/2')
}

it('whatever happens to WebSockets, and in whatever order: none is left open, and none ends as if it were whole', async () => {
  const worlds = new Map<Place, CutWorld>()
  for (const place of PLACES) {
    const filters = place.filtered ? [websocket({ onMessage: async (message) => message })] : []
    worlds.set(place, await cutWorld(place.client, place.service, filters, { shared: place.shared }))
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PLACES),
      fc.array(fc.array(fc.oneof(cut, streamFault), { maxLength: 2 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 8 }).map((turns) => [...turns, 1]),
      async (place, faults, turns) => {
        const world = worlds.get(place)!
        await world.run(
          faults.map((them) => possible(them, place)),
          turns,
        )
        const { tunnels } = await world.run([[]])
        expect(tunnels).toMatchObject([{ client: { over: 'ended' }, services: [{ over: 'ended' }] }])
      },
    ),
    { numRuns: 300 },
  )
})
