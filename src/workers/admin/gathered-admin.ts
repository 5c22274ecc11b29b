import { attachedAdmin } from '../../admin/admin.ts'
import type { AdminSettings } from '../../admin/admin-options.ts'
import { guardedApp } from '../../admin/guarded-app.ts'
import { admitsAllOf } from '../../admin/guards/admits-all-of.ts'
import type { Companion } from '../../core/companion.ts'
import type { RoutedProxy } from '../../proxy/proxy.ts'
import type { RunningProxy, Surroundings } from '../../proxy/running-proxy.ts'
import type { WorkerGroup } from '../worker-group.ts'
import { WorkerFigures } from './figures/worker-figures.ts'
import { type Gathering, gatheredRoutes } from './gathered-routes.ts'
import { GatheredTap } from './gathered-tap.ts'
import { WorkerCalls } from './worker-calls.ts'

interface Open {
  readonly settings: AdminSettings
  readonly inner: RunningProxy
}

/**
 * The one admin listener of several workers, at the address and with the guards that the `admin()` of their proxy has. It asks
 * those of the workers, over their channels: each listens on the `companionNetwork` of its channel. Ends with `close`.
 */
export class GatheredAdmin {
  readonly #gathering: Gathering
  readonly #surroundings: Surroundings
  #open: Open | undefined

  constructor(group: WorkerGroup, given: Surroundings) {
    // What it does is not what the proxy does.
    const { observer: _, ...surroundings } = given
    const { clock, network, configuration } = surroundings
    const calls = new WorkerCalls(group)
    const startedAt = Math.round(clock.wallTime())
    this.#gathering = {
      calls,
      tap: new GatheredTap(calls, group),
      figures: new WorkerFigures(calls, group),
      group,
      clock,
      startedAt,
      configuration,
    }
    this.#surroundings = { ...surroundings, network: calls.network(network), title: 'the admin listener' }
  }

  /** Where it listens, without a slash at the end. Throws while it does not. */
  get url(): string {
    if (this.#open === undefined) throw new Error('admin: it does not listen')
    return this.#open.inner.url
  }

  /**
   * Begins with what goes with the proxy that the workers serve, or goes on with what that has after it was read again: at the
   * same address, the listener stays open. It ends where no `admin()` is among it. If it rejects, all is as it was.
   */
  async follow(companions: readonly Companion[]): Promise<void> {
    const settings = attachedAdmin(companions)
    const before = this.#open
    if (settings === undefined) return this.close()
    if (before === undefined) this.#open = { settings, inner: await this.#started(settings) }
    else {
      await before.inner.reload(this.#appOf(settings))
      // Of who looks, nobody knows which token, or which certificate, he has shown.
      if (!admitsAllOf(settings, before.settings)) this.#gathering.tap.close()
      this.#open = { settings, inner: before.inner }
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.inner.close()
  }

  async #started(settings: AdminSettings): Promise<RunningProxy> {
    const inner = await this.#appOf(settings).start({ signals: false, surroundings: this.#surroundings })
    this.#gathering.calls.begin(inner)
    return inner
  }

  #appOf(settings: AdminSettings): RoutedProxy {
    return guardedApp(settings, this.#gathering.clock, gatheredRoutes(settings, this.#gathering))
  }
}
