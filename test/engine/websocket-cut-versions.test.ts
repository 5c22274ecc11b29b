import { describe, expect, it } from 'vitest'
import { websocket } from '../../src/filters/index.ts'
import type { Filter } from '../../src/index.ts'
import { type CutWorld, cutWorld, type Fault, type Side, STEPS } from './cut-world.ts'
import type { Version } from './far-end.ts'

const VERSIONS: readonly (readonly [Version, Version])[] = [
  ['HTTP/1.1', 'HTTP/1.1'],
  ['HTTP/1.1', 'HTTP/2'],
  ['HTTP/2', 'HTTP/1.1'],
  ['HTTP/2', 'HTTP/2'],
]
const WAYS: Readonly<Record<string, () => Filter[]>> = {
  'a tunnel': () => [],
  'a filter of messages': () => [websocket({ onMessage: async (message) => message })],
}
const SIDES: readonly Side[] = ['client', 'service']

/** A WebSocket without a fault says all that it has to say. */
async function servesOn(world: CutWorld): Promise<Readonly<Record<Side, number>>> {
  const { tunnels, bytes } = await world.run([[]])
  expect(tunnels).toMatchObject([{ client: { over: 'ended', saidEnd: true }, services: [{ over: 'ended' }] }])
  expect(world.app.outcomes.at(-1)).toMatchObject({ result: 'completed', status: 101 })
  return bytes
}

const CASES = VERSIONS.flatMap(([client, service]) =>
  Object.entries(WAYS).map(([way, filters]) => ({ client, service, way, filters })),
)

describe.each(CASES)('$way, from $client to $service', ({ client, service, filters }) => {
  for (const side of SIDES) {
    for (const how of ['reset', 'end'] as const) {
      it(`a ${side} whose connection ends at any byte (${how}) takes nothing with it`, async () => {
        const world = await cutWorld(client, service, filters())
        const bytes = (await servesOn(world))[side]
        for (let byte = 1; byte <= bytes; byte++) await world.run([[{ side, how, byte }]])
        await servesOn(world)
      })
    }

    if ((side === 'client' ? client : service) === 'HTTP/1.1') continue
    for (const how of ['RST_STREAM', 'GOAWAY', 'GOAWAY that refuses'] as const) {
      it(`a ${side} that sends ${how} between any two frames takes nothing with it`, async () => {
        const world = await cutWorld(client, service, filters())
        for (let step = 0; step <= STEPS; step++) {
          const fault: Fault = { side, how, step }
          await world.run([[fault]])
        }
        await servesOn(world)
      })
    }
  }
})
