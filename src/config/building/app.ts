import type { AdminOptions } from '../../admin/admin-options.ts'
import type { Companion } from '../../core/companion.ts'
import type { LogLevel } from '../../core/log.ts'
import type { ConnectMethodOptions } from '../../proxy/connect-options.ts'
import type { ErrorHandler, ListenOptions } from '../../proxy/description.ts'
import { type DrainOptions, drainSettings } from '../../proxy/drain-options.ts'
import { type ErrorPages, errorPages } from '../../proxy/error-pages.ts'
import { type ProxyBuilder, type ProxyOptions, proxy, type RoutedProxy } from '../../proxy/proxy.ts'
import { type ConfigNode, child, without } from '../reading/config-node.ts'
import {
  adminSchema,
  connectSchema,
  drainSchema,
  errorPagesSchema,
  listenerSchema,
  workersSchema,
} from '../schema/config-schema.ts'
import type { Schema } from '../schema/schema.ts'
import { flag, moduleValue, text } from '../schema/values.ts'
import type { Building } from './building.ts'
import { makeFilters } from './filters.ts'
import { addRoute, makeRoutes } from './routes.ts'
import { makeShorthands } from './shorthands.ts'
import type { Upstreams } from './upstreams.ts'

/** What was made of the whole. */
export interface MadeApp {
  readonly app: RoutedProxy
  readonly workers: number | 'auto' | undefined
  readonly drain: DrainOptions
  readonly logLevel: LogLevel | undefined
}

/** Makes a proxy of what stands under `proxy`. What is returned is of use only where no problem was found. */
export async function makeApp(node: ConfigNode, upstreams: Upstreams, building: Building): Promise<MadeApp> {
  return new AppMaker(node, upstreams, building).make()
}

class AppMaker {
  readonly #node: ConfigNode
  readonly #upstreams: Upstreams
  readonly #building: Building

  constructor(node: ConfigNode, upstreams: Upstreams, building: Building) {
    this.#node = node
    this.#upstreams = upstreams
    this.#building = building
  }

  async make(): Promise<MadeApp> {
    let app = proxy(await this.#options())
    app = await this.#listeners(app)
    const { filters } = await makeFilters(this.#child('filters'), 'filters', this.#building)
    app = app.use(...filters, ...(await makeShorthands(this.#node, this.#building)))
    app = await this.#connect(app)
    app = await this.#errors(app)
    app = await this.#admin(app)
    return {
      app: await this.#routes(app),
      drain: await this.#drain(),
      workers: await this.#read<number | 'auto'>(this.#child('workers'), workersSchema),
      logLevel: await this.#read<LogLevel>(child(this.#child('log'), 'level'), text),
    }
  }

  async #options(): Promise<ProxyOptions> {
    const caseSensitivePaths = await this.#read<boolean>(this.#child('case_sensitive_paths'), flag)
    const ambiguous = await this.#read<boolean>(this.#child('dangerously_allow_ambiguous_paths'), flag)
    return {
      ...(caseSensitivePaths === undefined ? {} : { caseSensitivePaths }),
      ...(ambiguous === undefined ? {} : { dangerouslyAllowAmbiguousPaths: ambiguous }),
    }
  }

  async #listeners(app: ProxyBuilder): Promise<ProxyBuilder> {
    const node = this.#child('listen')
    let so = app
    for (const one of node?.kind === 'list' ? node.items : [node]) {
      const options = await this.#read<ListenOptions>(one, listenerSchema)
      if (one === undefined || options === undefined) continue
      so = (await this.#building.attempt(one, () => so.listen(options), ADDRESS)) ?? so
    }
    return so
  }

  async #connect(app: ProxyBuilder): Promise<ProxyBuilder> {
    const node = this.#child('connect')
    if (node?.kind !== 'map') return app
    const { filters } = await makeFilters(child(node, 'filters'), 'connect filters', this.#building)
    const options = await this.#read<ConnectMethodOptions>(without(node, 'filters'), connectSchema)
    if (options === undefined) return app
    return (await this.#building.attempt(node, () => app.connect(...filters, options))) ?? app
  }

  async #errors(app: ProxyBuilder): Promise<ProxyBuilder> {
    const [own, pages] = [this.#child('on_error'), this.#child('error_pages')]
    if (own !== undefined && pages !== undefined)
      this.#building.problem(own, 'must be left out where there are "error_pages"')
    if (own !== undefined) {
      const handler = await this.#read<ErrorHandler>(
        own,
        moduleValue('a function (error, exchange) => response'),
      )
      if (handler === undefined) return app
      return (await this.#building.attempt(own, () => app.onError(handler))) ?? app
    }
    if (pages === undefined) return app
    const read = await this.#building.read<ErrorPages>(errorPagesSchema, pages)
    if (read === undefined) return app
    const handler = await this.#building.attempt(pages, () =>
      this.#building.memo.make(pages.path, read.fingerprint, () => errorPages(read.value)),
    )
    return handler === undefined ? app : app.onError(handler)
  }

  async #admin(app: ProxyBuilder): Promise<ProxyBuilder> {
    const node = this.#child('admin')
    if (node === undefined || (node.kind === 'scalar' && node.value !== true)) return app
    const read =
      node.kind === 'scalar'
        ? { value: {}, fingerprint: '' }
        : await this.#building.read<AdminOptions>(adminSchema, node)
    if (read === undefined) return app
    const make = async (): Promise<Companion> => (await import('../../admin/index.ts')).admin(read.value)
    const companion = await this.#building.attempt(
      node,
      () => this.#building.memo.make(node.path, read.fingerprint, make),
      ADDRESS,
    )
    return companion === undefined ? app : app.attach(companion)
  }

  async #routes(app: ProxyBuilder): Promise<RoutedProxy> {
    // All of them, also those that no route names: what is wrong with them is to be told.
    for (const name of this.#upstreams.names) await this.#upstreams.get(name)
    const node = this.#child('routes')
    if (node === undefined) return this.#onlyUpstream(app)
    let so: RoutedProxy = app
    for (const route of await makeRoutes(node, 'routes', this.#upstreams, this.#building))
      so = (await this.#building.attempt(route.node, () => addRoute(so, route))) ?? so
    return so
  }

  async #onlyUpstream(app: ProxyBuilder): Promise<RoutedProxy> {
    const { names } = this.#upstreams
    const [name] = names
    if (names.length > 1) {
      const all = names.join(', ')
      this.#building.problem(this.#node, `must have "routes", which say what each upstream is for: ${all}`)
    } else if (name !== undefined) {
      const only = await this.#upstreams.get(name)
      return only === undefined ? app : app.route({}, only.value)
    } else if (this.#child('connect') === undefined)
      this.#building.problem(this.#node, 'must have "upstreams" or "routes": something that answers')
    return app
  }

  async #drain(): Promise<DrainOptions> {
    const node = this.#child('drain')
    const options = await this.#read<DrainOptions>(node, drainSchema)
    if (node === undefined || options === undefined) return {}
    await this.#building.attempt(node, () => drainSettings('drain', options))
    return options
  }

  async #read<T>(node: ConfigNode | undefined, schema: Schema): Promise<T | undefined> {
    return node === undefined ? undefined : (await this.#building.read<T>(schema, node))?.value
  }

  #child(key: string): ConfigNode | undefined {
    return child(this.#node, key)
  }
}

/** What files have for `host`. */
const ADDRESS = { host: 'address' }
