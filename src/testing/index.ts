export type { AttemptRecord } from '../core/decision-record.ts'
export {
  type Assertion,
  assertAttempts,
  assertHeader,
  assertJournalled,
  assertOutcome,
  assertProblem,
  assertServedBy,
  assertStatus,
} from './assertions/assertions.ts'
export type { ExpectedOutcome, StatusClass } from './assertions/checks.ts'
export type { AnyExchange, AnyResponse, AttemptedExchange, Journalled } from './assertions/received.ts'
export { cacheStoreChecks } from './cache-store-checks.ts'
export {
  type BalancerFigures,
  type BalancerLatency,
  type CompareBalancersOptions,
  compareBalancers,
} from './comparison/compare-balancers.ts'
export type { ComparedEndpoint } from './comparison/compared-endpoint.ts'
export type { ComparisonEvent } from './comparison/comparison-event.ts'
export type { Disturbance, LoadSecond } from './comparison/disturbance.ts'
export type { EndpointShare } from './comparison/endpoint-share.ts'
export type { KeyMovement, MovedKeys } from './comparison/key-movement.ts'
export { endpoint, type TestEndpoint } from './endpoint.ts'
export {
  type ClientOptions,
  type ExchangeOptions,
  exchange,
  type InformationalResponse,
  type TestExchange,
} from './exchange.ts'
export type { GrpcMessage } from './grpc/grpc-messages.ts'
export type { Http2ErrorCode } from './http2/error-codes.ts'
export {
  type MemoryConnection,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from './network/memory-network.ts'
export type { Faults } from './network/memory-wire.ts'
export { type RawAddress, type RawClient, type RawResponse, rawClient } from './network/raw-client.ts'
export type { SimpleMessage } from './network/simple-http1.ts'
export { type Recording, type RecordOptions, record } from './recording/record.ts'
export type { Redaction } from './recording/redaction.ts'
export {
  type RecordedAnswersOptions,
  type ReplayUpstreamOptions,
  recordedAnswers,
  replayUpstream,
} from './recording/replay-upstream.ts'
export { type NextCall, type RunResult, run } from './run.ts'
export { seededRandom } from './seeded-random.ts'
export type { ClientHttp2Options } from './simulation/client-http2-options.ts'
export type { ClientRequest, ClientRequestOptions } from './simulation/client-request.ts'
export type { SimulatedRawClient } from './simulation/driven-raw-client.ts'
export type { ExchangeRecord } from './simulation/exchange-record.ts'
export type { Journal, JournalEntry, JournalSubject } from './simulation/journal.ts'
export type { LatencySummary } from './simulation/latency-histogram.ts'
export type { LoadOptions, LoadResult } from './simulation/load.ts'
export type { Pending } from './simulation/pending.ts'
export type { PendingExchange, PendingResponse } from './simulation/pending-response.ts'
export {
  forEachSeed,
  type SimulatedClientOptions,
  type Simulation,
  type SimulationOptions,
  simulate,
} from './simulation/simulate.ts'
export type { SimulatedClient, SimulatedHttp2Client } from './simulation/simulated-client.ts'
export type { ClientGrpcOptions, SimulatedGrpcResponse } from './simulation/simulated-grpc.ts'
export type { SimulatedResponse } from './simulation/simulated-response.ts'
export type { ClientWebSocketOptions, SimulatedWebSocket } from './simulation/simulated-websocket.ts'
export type { Distribution } from './upstream/distribution.ts'
export {
  type FakeAnswer,
  type FakeHttp2Options,
  type FakeReply,
  type FakeRequest,
  type FakeTunnel,
  type FakeUpstream,
  type FakeUpstreamOnNetworkOptions,
  type FakeUpstreamOnSocketOptions,
  type FakeUpstreamOptions,
  type FakeWebSocket,
  fakeUpstream,
  type GrpcAnswer,
  type GrpcCall,
  type GrpcReply,
  type GrpcServingStatus,
  type Outage,
  type TunnelPeer,
  type WebSocketPeer,
} from './upstream/fake-upstream.ts'
export { type Fault, type FaultRule, fault, type GoawayOptions, type Injection } from './upstream/fault.ts'
export type { TlsCredentials } from './upstream/tls-listener.ts'
export type { Capacity, SlowStart } from './upstream/upstream-service.ts'
export { type VirtualClock, type VirtualClockOptions, virtualClock } from './virtual-clock.ts'
export type { WebSocketClose, WebSocketMessage } from './websocket/websocket-end.ts'
export type { WebSocketFrame } from './websocket/websocket-frames.ts'
