export {
  type Assertion,
  assertAttempts,
  assertHeader,
  assertJournalled,
  assertOutcome,
  assertProblem,
  assertServedBy,
  assertStatus,
} from './assertions.ts'
export type { ExpectedOutcome, StatusClass } from './checks.ts'
export type { ClientRequest, ClientRequestOptions } from './client-request.ts'
export {
  type BalancerFigures,
  type BalancerLatency,
  type CompareBalancersOptions,
  type Comparison,
  compareBalancers,
} from './compare-balancers.ts'
export type { ComparedEndpoint } from './compared-endpoint.ts'
export type { Distribution } from './distribution.ts'
export type { SimulatedRawClient } from './driven-raw-client.ts'
export { endpoint, type TestEndpoint } from './endpoint.ts'
export { type ExchangeOptions, exchange, type InformationalResponse, type TestExchange } from './exchange.ts'
export type { AttemptRecord, ExchangeRecord } from './exchange-record.ts'
export {
  type FakeAnswer,
  type FakeReply,
  type FakeRequest,
  type FakeUpstream,
  type FakeUpstreamOnNetworkOptions,
  type FakeUpstreamOnSocketOptions,
  type FakeUpstreamOptions,
  fakeUpstream,
  type Outage,
  type TunnelPeer,
} from './fake-upstream.ts'
export { type Fault, type FaultRule, fault, type Injection } from './fault.ts'
export type { Journal, JournalEntry, JournalSubject } from './journal.ts'
export type { LatencySummary } from './latency-histogram.ts'
export type { LoadOptions, LoadResult } from './load.ts'
export {
  type MemoryConnection,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from './memory-network.ts'
export type { Faults } from './memory-wire.ts'
export type { Pending } from './pending.ts'
export { type RawClient, type RawResponse, rawClient } from './raw-client.ts'
export type { AnyExchange, AnyResponse, AttemptedExchange, Journalled } from './received.ts'
export { type Recording, type RecordOptions, record } from './record.ts'
export type { Redaction } from './redaction.ts'
export { type ReplayUpstreamOptions, replayUpstream } from './replay-upstream.ts'
export { type NextCall, type RunResult, run } from './run.ts'
export { seededRandom } from './seeded-random.ts'
export type { SimpleMessage } from './simple-http1.ts'
export { forEachSeed, type Simulation, type SimulationOptions, simulate } from './simulate.ts'
export type { PendingResponse, SimulatedClient } from './simulated-client.ts'
export type { SimulatedResponse } from './simulated-response.ts'
export type { TlsCredentials } from './tls-listener.ts'
export type { Capacity, SlowStart } from './upstream-service.ts'
export { type VirtualClock, type VirtualClockOptions, virtualClock } from './virtual-clock.ts'
