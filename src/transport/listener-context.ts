import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { Address } from '../core/network.ts'
import type { RefusedConnection } from '../core/observer.ts'
import type { Random } from '../core/random.ts'
import type { Beside } from '../core/side-call.ts'
import type { ClientResolver } from './client-resolver.ts'
import type { RequestHead } from './http1/request-head.ts'
import type { Limits } from './limits.ts'

/** What serves exchanges: replaced as a whole on reload. An exchange keeps the one it began with. */
export interface Snapshot {
  readonly handler: Handler
  /** For what filters have done beside it. */
  readonly beside: Beside
  /** Whether it answers CONNECT. */
  readonly connects: boolean
  readonly answerError: (error: ProxyError, exchange: Exchange) => ResponseMessage | Promise<ResponseMessage>
  /** Told of what is nobody's fault but ours or the user's code's. */
  readonly report: (error: ProxyError, exchange: Exchange | undefined) => void
  /** An exchange begins on it. */
  enter(exchange: Exchange): void
  /** It is answered: the response is about to be sent. */
  answered(exchange: Exchange, response: ResponseMessage): void
  /** That exchange is over. */
  leave(exchange: Exchange, outcome: Outcome): void
  /** A request could not be read: there was no exchange. */
  refused(error: ProxyError, peer: Address): void
  /** A connection never came to a request. */
  connectionRefused(refused: RefusedConnection): void
}

/** One client's connection, whatever it speaks. */
export interface ServedConnection {
  /** Ends it when what runs on it is over. */
  drain(): void
  /** Closes what has become a tunnel on it. Everything else goes on. */
  endTunnel(reason: ProxyError): void
  /** Ends it now. Running exchanges are given up. */
  close(reason: ProxyError): void
}

/** What the connections of one listener share. */
export interface ListenerContext {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly clients: ClientResolver
  readonly snapshot: Snapshot
  /** Whether every response is to be the last of its connection: in a drain's notice, and when nobody is accepted any more. */
  readonly draining: boolean
  /** Whether new connections are accepted: until a drain's notice is over. */
  readonly accepting: boolean
  /** Whether tunnels have had their time: none is begun any more. */
  readonly tunnelsEnded: boolean
  readonly parseHead: (bytes: Buffer, start: number, available: number) => RequestHead | undefined
  /** The value of a `Date` field for now, and the whole line. */
  date(): string
  dateLine(): string
  /** The connection is over. Called once. */
  closed(connection: ServedConnection): void
}
