import { type Clock, systemClock } from '../../core/clock.ts'
import type { Companion } from '../../core/companion.ts'
import type { Observer } from '../../core/observer.ts'
import type { ProxyView } from '../../core/proxy-view.ts'
import type { EntryMaker } from './entry-maker.ts'
import type { LogOutput } from './log-output.ts'

/** The part of an access log that goes with a whole proxy: requests that no filter sees, and the end. */
export class AccessLogCompanion implements Companion {
  readonly kind = 'access-log'
  readonly observer: Observer
  readonly output: LogOutput
  readonly #flushMs: number
  #clock: Clock = systemClock

  constructor(output: LogOutput, entries: EntryMaker, flushMs: number) {
    this.output = output
    this.#flushMs = flushMs
    this.observer = {
      requestRefused: (error, peer) =>
        output.add(entries.ofRefused(error, peer, this.#clock.wallTime()), this.#clock),
    }
  }

  start({ clock }: ProxyView, before: Companion | undefined): void {
    this.#clock = clock
    if (before instanceof AccessLogCompanion) this.output.counts = before.output.counts
  }

  /** What is written gets out, if the sink takes it. */
  end(): Promise<void> {
    return this.output.flush(this.#clock, this.#flushMs)
  }
}
