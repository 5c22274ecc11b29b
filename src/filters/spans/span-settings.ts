import type { Propagator } from '../propagation/propagator.ts'
import type { SdkFaults } from './sdk-faults.ts'

/** What the spans of one filter have in common. */
export interface SpanSettings {
  readonly propagator: Propagator
  readonly faults: SdkFaults
  /** Methods that may stand in names of spans. */
  readonly methods: ReadonlySet<string>
  /** Names of a query whose values are shown; `undefined` where no query is. */
  readonly query: ReadonlySet<string> | undefined
  /** Names of fields, in lower case. */
  readonly requestHeaders: readonly string[]
  readonly responseHeaders: readonly string[]
}
