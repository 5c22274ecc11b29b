export { endpoint, type TestEndpoint } from './endpoint.ts'
export { type ExchangeOptions, exchange, type InformationalResponse, type TestExchange } from './exchange.ts'
export {
  type FakeAnswer,
  type FakeReply,
  type FakeRequest,
  type FakeUpstream,
  type FakeUpstreamOptions,
  fakeUpstream,
  type TunnelPeer,
} from './fake-upstream.ts'
export {
  type MemoryConnection,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from './memory-network.ts'
export type { Faults } from './memory-wire.ts'
export { type RawClient, type RawResponse, rawClient } from './raw-client.ts'
export { type NextCall, type RunResult, run } from './run.ts'
export { seededRandom } from './seeded-random.ts'
export type { SimpleMessage } from './simple-http1.ts'
export { type VirtualClock, type VirtualClockOptions, virtualClock } from './virtual-clock.ts'
