import type { Http2ErrorCode } from '../http2/error-codes.ts'
import { KitError } from '../kit-error.ts'
import { Pending } from './pending.ts'
import type { SimulatedResponse } from './simulated-response.ts'
import type { SimulationDriver } from './simulation-driver.ts'

/** How long, in virtual time, a response may take. */
const LIMIT_MS = 3_600_000

/** What is to come of a request that is under way: await it. */
export class PendingExchange<T> extends Pending<T> {
  readonly #leave: (code: Http2ErrorCode | undefined) => void
  readonly #driver: SimulationDriver

  /** @internal */
  constructor(
    driver: SimulationDriver,
    what: string,
    result: Promise<T>,
    leave: (code: Http2ErrorCode | undefined) => void,
  ) {
    super(driver, what, result, LIMIT_MS)
    this.#driver = driver
    this.#leave = leave
    driver.asked(this)
  }

  /**
   * The client resets its connection; by HTTP/2 the stream alone, with this code, or `CANCEL`. Whoever awaits the response gets
   * an error; nobody has to.
   */
  leave(code?: Http2ErrorCode): void {
    if (this.settled) return
    this.#driver.excuse(this)
    this.#leave(code)
  }
}

/** A response that is on its way: await it. */
export class PendingResponse extends PendingExchange<SimulatedResponse> {
  get status(): never {
    return this.#notYet('status')
  }

  get headers(): never {
    return this.#notYet('headers')
  }

  get body(): never {
    return this.#notYet('body')
  }

  get reason(): never {
    return this.#notYet('reason')
  }

  get trailers(): never {
    return this.#notYet('trailers')
  }

  get informational(): never {
    return this.#notYet('informational')
  }

  get complete(): never {
    return this.#notYet('complete')
  }

  get durationMs(): never {
    return this.#notYet('durationMs')
  }

  get exchange(): never {
    return this.#notYet('exchange')
  }

  text(): never {
    return this.#notYet('text()')
  }

  json(): never {
    return this.#notYet('json()')
  }

  #notYet(name: string): never {
    throw new KitError(`there is no ${name} yet: write \`await ${this.what}\``)
  }
}
