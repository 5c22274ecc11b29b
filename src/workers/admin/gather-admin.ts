import { attachedAdmin } from '../../admin/admin.ts'
import type { AdminSettings } from '../../admin/admin-options.ts'
import { guardedApp } from '../../admin/guarded-app.ts'
import { admitsAllOf } from '../../admin/guards/admits-all-of.ts'
import type { Companion } from '../../core/companion.ts'
import type { RunningProxy, Surroundings } from '../../proxy/running-proxy.ts'
import type { WorkerGroup } from '../worker-group.ts'
import { WorkerFigures } from './figures/worker-figures.ts'
import { gatheredRoutes } from './gathered-routes.ts'
import { GatheredTap } from './gathered-tap.ts'
import { WorkerCalls } from './worker-calls.ts'

/** The one admin listener of several workers. */
export interface GatheredAdmin {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  /**
   * What the workers serve has been read again. At the same address, the listener stays open; where the new one cannot be opened,
   * it rejects, and the one of before goes on. Where there is no admin any more, it ends.
   */
  follow(companions: readonly Companion[]): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the admin listener that is among what goes with a proxy, for all workers that serve it. It asks theirs, over their
 * channels: each listens on the `companionNetwork` of its channel. `undefined` where the proxy has none.
 */
export async function gatherAdmin(
  companions: readonly Companion[],
  group: WorkerGroup,
  surroundings: Surroundings,
): Promise<GatheredAdmin | undefined> {
  const settings = attachedAdmin(companions)
  return settings === undefined ? undefined : GatheringAdmin.start(settings, group, surroundings)
}

class GatheringAdmin implements GatheredAdmin {
  readonly #inner: RunningProxy
  readonly #tap: GatheredTap
  readonly #appOf: (settings: AdminSettings) => ReturnType<typeof guardedApp>
  #settings: AdminSettings

  private constructor(
    settings: AdminSettings,
    inner: RunningProxy,
    tap: GatheredTap,
    appOf: (settings: AdminSettings) => ReturnType<typeof guardedApp>,
  ) {
    this.#settings = settings
    this.#inner = inner
    this.#tap = tap
    this.#appOf = appOf
  }

  static async start(
    settings: AdminSettings,
    group: WorkerGroup,
    { observer: _, ...surroundings }: Surroundings,
  ): Promise<GatheringAdmin> {
    const { clock, network } = surroundings
    const calls = new WorkerCalls(group)
    const tap = new GatheredTap(calls, group)
    const figures = new WorkerFigures(calls, group)
    const startedAt = Math.round(clock.wallTime())
    const appOf = (own: AdminSettings): ReturnType<typeof guardedApp> =>
      guardedApp(own, clock, gatheredRoutes(own, { calls, tap, figures, group, clock, startedAt }))
    const inner = await appOf(settings).start({
      signals: false,
      surroundings: { ...surroundings, network: calls.network(network), title: 'the admin listener' },
    })
    calls.begin(inner)
    return new GatheringAdmin(settings, inner, tap, appOf)
  }

  get url(): string {
    return this.#inner.url
  }

  async follow(companions: readonly Companion[]): Promise<void> {
    const settings = attachedAdmin(companions)
    if (settings === undefined) return this.close()
    if (settings === this.#settings) return
    await this.#inner.reload(this.#appOf(settings))
    if (!admitsAllOf(settings, this.#settings)) this.#tap.close()
    this.#settings = settings
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
