import type { LogLevel } from '../core/log.ts'
import type { DrainOptions } from '../proxy/drain-options.ts'
import type { RoutedProxy } from '../proxy/proxy.ts'
import type { Memo } from './building/memo.ts'

/** What a configuration file says, read, checked and made into what the builder makes. Nothing is opened. */
export interface Configuration {
  /** The proxy, as the builder would describe it. */
  readonly app: RoutedProxy
  /** All files that were read, includes, secrets and modules too: absolute paths. */
  readonly files: readonly string[]
  /** How many processes are to serve; `undefined` where the file says nothing: one. */
  readonly workers: number | 'auto' | undefined
  /** How it ends at SIGTERM. */
  readonly drain: DrainOptions
  /** How much is told of; `undefined` where the file says nothing: as before. */
  readonly logLevel: LogLevel | undefined
  /** @internal What was made of it, for the next one. */
  readonly memo: Memo
}
