import type { Clock } from '../../core/clock.ts'
import type { WireHandler } from '../../core/network.ts'
import type { FakeAnswer } from './fake-reply.ts'
import type { ReceivedRequest } from './fake-request.ts'
import type { UpstreamConnection } from './upstream-connection.ts'
import type { UpstreamEvent } from './upstream-event.ts'
import type { RequestFaults } from './upstream-faults.ts'
import type { FoundAnswers } from './upstream-routes.ts'
import type { ServiceModel } from './upstream-service.ts'

/** @internal What a connection needs of the upstream that it is part of. */
export interface ConnectionHost {
  readonly clock: Clock
  readonly service: ServiceModel
  readonly versions: HttpVersions
  readonly observe: ((event: UpstreamEvent) => void) | undefined
  readonly paused: boolean
  /** Resolves when it is not paused any more. */
  resumed(): Promise<void>
  faultsOf(request: ReceivedRequest): RequestFaults | undefined
  answersFor(request: ReceivedRequest): FoundAnswers
  /** A request is whole, or broke off. */
  onRequest(request: ReceivedRequest): void
  onError(error: unknown): void
  onClosed(connection: UpstreamConnection): void
}

/** @internal Which versions of HTTP an upstream speaks, and how it speaks the second. */
export interface HttpVersions {
  readonly http1: boolean
  readonly http2: boolean
  readonly streams: number | undefined
  readonly windowBytes: number | undefined
  readonly extendedConnect: boolean
}

/** @internal Speaks one version of HTTP on a connection. */
export interface Speaker extends WireHandler {
  /** The service goes on, where it was paused. */
  resume(): void
}

/** @internal One request, and what will answer it. */
export interface Turn {
  readonly request: ReceivedRequest
  readonly answers: FakeAnswer[]
  readonly faults: RequestFaults | undefined
}
