import type { Address } from '../../core/network.ts'

/** What workers and their supervisor say of ports. */
export const PORTS = 'ports'

/** Of a worker. */
export type PortQuestion =
  /** Wants to listen. */
  | {
      readonly kind: 'open'
      readonly id: number
      readonly host: string
      readonly port: number
    }
  /** Wants to accept no more from a socket. It does until it is answered. */
  | { readonly kind: 'leave'; readonly id: number; readonly socket: number }
  /** Has left one. */
  | { readonly kind: 'left'; readonly socket: number }

/** Of the supervisor. */
export type PortAnswer =
  /** Comes with the socket. */
  | {
      readonly kind: 'opened'
      readonly id: number
      readonly port: number
      readonly socket: number
      readonly address: Address
    }
  | { readonly kind: 'refused'; readonly id: number; readonly error: PortError }
  /** `last`: nobody else has it, and whoever waits in it to be accepted is to be taken out before. */
  | { readonly kind: 'leave'; readonly id: number; readonly last: boolean }
  /** Comes with the socket of another worker, which is not there: whoever connects to that one is to be served too. */
  | { readonly kind: 'lent'; readonly port: number; readonly socket: number }
  /** The other worker is there again. */
  | { readonly kind: 'back'; readonly socket: number; readonly last: boolean }

/** The system's error, as it is sent. */
export interface PortError {
  readonly message: string
  readonly code: string | undefined
}
