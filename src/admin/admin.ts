import type { Companion } from '../core/companion.ts'
import { type LogWriter, log } from '../core/log.ts'
import type { Observer } from '../core/observer.ts'
import { Observers } from '../core/observers.ts'
import type { ProxyView } from '../core/proxy-view.ts'
import type { RoutedProxy } from '../proxy/proxy.ts'
import { RunningProxy } from '../proxy/running-proxy.ts'
import { adminApp, sharedAdminApp, type Watched } from './admin-app.ts'
import { type AdminOptions, type AdminSettings, adminSettings } from './admin-options.ts'
import { admitsAllOf } from './guards/admits-all-of.ts'
import { Tap } from './tap/tap.ts'
import { Traffic } from './traffic/traffic.ts'

/** An admin listener, to be attached to a proxy. */
export interface Admin extends Companion {
  /** Where it listens, without a slash at the end. Throws while it does not. */
  readonly url: string
}

/**
 * A listener of its own that shows what a proxy does and steers it: health and readiness, metrics, a dashboard, all of it as
 * JSON, and commands that drain endpoints, change weights, purge caches, set the level of the log and take profiles.
 *
 * It opens before the listeners of the proxy and ends behind everything else, so that `/health` and `/ready` answer during a
 * whole drain. A reload that brings another one keeps its connections and what it has counted; one that brings none ends it.
 *
 * With several workers, it is one for all of them: served by the process that looks after them, with sums of what they count.
 *
 * By default only this machine reaches it, on port 9901. With `token`, everything but `/health`, `/ready` and the files of the
 * dashboard needs `Authorization: Bearer`. Wrong tokens of one address are limited to 10 at once and one a second. Pages of
 * other origins are refused in any case, and so are requests for hosts that are none of its own.
 *
 * Traps: whoever reaches it without a token, on this machine, can drain your endpoints: give a `token`, or `readOnly`, where
 * others have accounts. `handler()` and `toNodeListener` begin no companions.
 *
 * @example
 * proxy().listen(8080).attach(admin()).route('/', pool(['http://127.0.0.1:3001']))
 * proxy().listen(8080).attach(admin({ host: '0.0.0.0', token: process.env.ADMIN_TOKEN }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for an address that others reach without a token and without
 * client certificates.
 */
export function admin(options: AdminOptions = {}): Admin {
  return new AdminListener(adminSettings(options))
}

/** The settings of an admin listener among what goes with a proxy; `undefined` where there is none. */
export function attachedAdmin(companions: readonly Companion[]): AdminSettings | undefined {
  return companions.find((one) => one instanceof AdminListener)?.settings
}

/** What one admin listener hands to the next one at a reload. */
interface Running {
  readonly inner: RunningProxy
  readonly watched: Watched
}

class AdminListener implements Admin {
  readonly kind = 'admin'
  readonly settings: AdminSettings
  #running: Running | undefined
  #observer: Observer | undefined
  /** Whom that is of. */
  #observed: Watched | undefined

  constructor(settings: AdminSettings) {
    this.settings = settings
  }

  get url(): string {
    if (this.#running === undefined) throw new Error('admin: it listens when its proxy has started')
    return this.#running.inner.url
  }

  get observer(): Observer | undefined {
    return this.#observer
  }

  async start(proxy: ProxyView, before: Companion | undefined): Promise<void> {
    if (!(proxy instanceof RunningProxy))
      throw new Error('admin: it goes with a proxy that is started, by start()')
    if (this.#running !== undefined) throw new Error('admin: it goes with another proxy, which runs')
    const handed = before instanceof AdminListener ? before.#running : undefined
    this.#running =
      handed === undefined ? await begun(this.settings, proxy) : await followed(this.settings, handed)
    // Of who looks, nobody knows which token, or which certificate, he has shown.
    if (before instanceof AdminListener && !admitsAllOf(this.settings, before.settings))
      this.#running.watched.tap.close()
    if (before instanceof AdminListener) before.#running = undefined
    this.#observe(this.#running.watched)
  }

  /** Has an observer that no other admin listener has, so that the end of one is not that of another. */
  #observe(watched: Watched): void {
    // A reload has failed behind this one: it is observed with the one that it has.
    if (watched === this.#observed) return
    const observers = new Observers(watched.traffic.observer)
    observers.add(watched.tap.observer)
    this.#observer = observers.current
    this.#observed = watched
  }

  async end(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    this.#observer = undefined
    this.#observed = undefined
    await running?.inner.close()
  }
}

async function begun(settings: AdminSettings, proxy: RunningProxy): Promise<Running> {
  // What it does is not what the proxy does: whoever observes that is not told of this.
  const { observer: _, ...surroundings } = proxy.surroundings
  const { clock, network, companionNetwork = network } = surroundings
  const watched = { proxy, traffic: new Traffic(clock), tap: new Tap(clock) }
  return {
    inner: await appOf(settings, watched).start({
      signals: false,
      surroundings: {
        ...surroundings,
        network: companionNetwork,
        title: 'the admin listener',
        // The one in front tells what becomes of it, and at which address.
        log: companionNetwork === network ? surroundings.log : lowered(surroundings.log ?? log),
      },
    }),
    watched,
  }
}

/** What is news elsewhere is a detail here. */
function lowered(writer: LogWriter): LogWriter {
  return {
    get level() {
      return writer.level
    },
    error: (message, cause) => writer.error(message, cause),
    warn: (message, cause) => writer.warn(message, cause),
    info: (message, cause) => writer.debug(message, cause),
    debug: (message, cause) => writer.debug(message, cause),
  }
}

/** Where another network is there for what goes with a proxy, one admin listener in front has the guards of all. */
function appOf(settings: AdminSettings, watched: Watched): RoutedProxy {
  const { companionNetwork } = watched.proxy.surroundings
  return companionNetwork === undefined ? adminApp(settings, watched) : sharedAdminApp(settings, watched)
}

/** Where the address is the same, its listener stays open. If this rejects, what was there goes on. */
async function followed(settings: AdminSettings, { inner, watched }: Running): Promise<Running> {
  await inner.reload(appOf(settings, watched))
  return { inner, watched }
}
