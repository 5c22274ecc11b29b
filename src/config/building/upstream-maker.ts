import { named } from '../../core/handler.ts'
import type { ApertureOptions } from '../../pool/aperture.ts'
import type { DeadlineOptions } from '../../pool/deadline-options.ts'
import type { EjectOptions } from '../../pool/eject-options.ts'
import type { EndpointFilter } from '../../pool/endpoint-filters.ts'
import type { EndpointSource } from '../../pool/endpoint-source.ts'
import type { EndpointOptions } from '../../pool/endpoint-spec.ts'
import type { FallbackOptions } from '../../pool/fallback-options.ts'
import type { HealthOptions } from '../../pool/health-options.ts'
import type { HedgeOptions } from '../../pool/hedge-options.ts'
import { type Pool, pool } from '../../pool/pool.ts'
import type { PoolOptions } from '../../pool/pool-description.ts'
import type { RetryOptions } from '../../pool/retry-options.ts'
import type { SlowStartOptions } from '../../pool/slow-start.ts'
import type { SubsetOptions, SubsetSelector } from '../../pool/subset.ts'
import type { PreferZoneOptions } from '../../pool/zone.ts'
import { balancerParts } from '../balancer-parts.ts'
import { discoveryParts } from '../discovery-parts.ts'
import { filterParts } from '../filter-parts.ts'
import {
  type ConfigNode,
  canonicalText,
  child,
  type ListNode,
  only,
  type ScalarNode,
  without,
} from '../reading/config-node.ts'
import type { Schema } from '../schema/schema.ts'
import {
  apertureSchema,
  deadlineSchema,
  ejectSchema,
  endpointSchema,
  fallbackOptionsSchema,
  healthSchema,
  hedgeSchema,
  poolOptionsSchema,
  retrySchema,
  slowStartSchema,
  subsetOptionsSchema,
  subsetSelector,
  zoneSchema,
} from '../schema/upstream-schema.ts'
import type { Building } from './building.ts'
import { makeFilters, makerOf, optionsOf } from './filters.ts'
import { fingerprintOf } from './memo.ts'
import type { MadePool, Upstreams } from './upstreams.ts'

/** Makes the pool of one upstream. */
export class UpstreamMaker {
  readonly #name: string
  readonly #node: ConfigNode
  readonly #building: Building
  readonly #upstreams: Upstreams
  /** What is added to the pool that it begins with. */
  readonly #steps: ((made: Pool) => Pool)[] = []
  readonly #fingerprints: string[] = []
  #failed = false

  constructor(name: string, node: ConfigNode, building: Building, upstreams: Upstreams) {
    this.#name = name
    this.#node = node
    this.#building = building
    this.#upstreams = upstreams
  }

  async make(): Promise<MadePool | undefined> {
    const node = this.#node
    const endpoints = node.kind === 'list' ? node : child(node, 'endpoints')
    const discovery = child(node, 'discovery')
    if ((endpoints === undefined) === (discovery === undefined)) {
      this.#building.problem(node, 'must have either "endpoints" or "discovery"')
      return undefined
    }
    const begun = await this.#begin(endpoints, discovery)
    await this.#balancer()
    await this.#health(endpoints)
    await this.#added<EjectOptions>('eject', ejectSchema, (so, options) => so.eject(options))
    await this.#added<SlowStartOptions>('slow_start', slowStartSchema, (so, options) => so.slowStart(options))
    await this.#added<RetryOptions>('retry', retrySchema, (so, options) => so.retry(options))
    await this.#added<HedgeOptions>('hedge', hedgeSchema, (so, options) => so.hedge(options))
    await this.#added<DeadlineOptions>('deadline', deadlineSchema, (so, options) => so.deadline(options))
    await this.#added<PreferZoneOptions>('prefer_zone', zoneSchema, (so, options) => so.preferZone(options))
    await this.#added<ApertureOptions>('aperture', apertureSchema, (so, options) => so.aperture(options))
    await this.#subset()
    await this.#filters()
    await this.#each()
    await this.#fallback()
    if (begun === undefined || this.#failed) return undefined
    const fingerprint = fingerprintOf(canonicalText(node), ...this.#fingerprints)
    const made = await this.#building.attempt(node, () =>
      this.#building.memo.make(`upstream ${this.#name}`, fingerprint, () =>
        this.#steps.reduce((so, step) => step(so), begun),
      ),
    )
    return made === undefined ? undefined : { value: made, fingerprint }
  }

  async #begin(
    endpoints: ConfigNode | undefined,
    discovery: ConfigNode | undefined,
  ): Promise<Pool | undefined> {
    const options = await this.#options()
    if (options === undefined) return undefined
    const from =
      discovery === undefined ? await this.#endpoints(endpoints, options) : await this.#source(discovery)
    return from === undefined ? undefined : this.#tried(this.#node, () => pool(from, options))
  }

  /** What gives endpoints while the proxy runs. */
  async #source(node: ConfigNode): Promise<EndpointSource | undefined> {
    const exported = 'a source of endpoints, a function (signal, surroundings) => lists'
    const maker = await makerOf(node, discoveryParts, exported, this.#building)
    if (maker === undefined) return this.#fail()
    this.#fingerprints.push(maker.fingerprint)
    return this.#tried(optionsOf(node), maker.value)
  }

  /** Options of the pool itself. */
  async #options(): Promise<PoolOptions | undefined> {
    if (this.#node.kind !== 'map') return { name: this.#name }
    const given = only(this.#node, Object.keys(poolOptionsSchema.properties ?? {}))
    const read = await this.#read<PoolOptions>(poolOptionsSchema, given)
    if (read === undefined) return undefined
    const options = { ...read, name: this.#name }
    // What is wrong with them is told of them, and not of an endpoint.
    const tried = await this.#tried(given, () => pool([ANY_ENDPOINT], options))
    return tried === undefined ? undefined : options
  }

  async #endpoints(
    endpoints: ConfigNode | undefined,
    options: PoolOptions,
  ): Promise<readonly EndpointOptions[] | undefined> {
    if (endpoints?.kind !== 'list' || endpoints.items.length === 0) return this.#fail()
    const made: EndpointOptions[] = []
    for (const item of endpoints.items) {
      const one = await this.#endpoint(item)
      if (one === undefined) continue
      // Each by itself first, so that what is wrong is told of the one with which it is.
      const keys = child(item, 'address') === undefined ? {} : { url: 'address' }
      if ((await this.#tried(item, () => pool([one], options), keys)) !== undefined) made.push(one)
    }
    return made.length < endpoints.items.length ? this.#fail() : made
  }

  async #endpoint(item: ConfigNode): Promise<EndpointOptions | undefined> {
    if (item.kind === 'scalar') return typeof item.value === 'string' ? { url: urlOf(item) } : this.#fail()
    if (item.kind === 'list') return this.#fail()
    const [address, url] = [child(item, 'address'), child(item, 'url')]
    if ((address === undefined) === (url === undefined)) {
      this.#building.problem(item, 'must have either "address" or "url"')
      return this.#fail()
    }
    const at = address ?? url
    if (at?.kind !== 'scalar' || typeof at.value !== 'string') return this.#fail()
    const own = Object.keys(endpointSchema.properties ?? {}).filter((key) => key !== 'url')
    const read = await this.#read<Omit<EndpointOptions, 'url'>>(endpointSchema, only(item, own))
    return read === undefined ? undefined : { ...read, url: urlOf(at) }
  }

  async #balancer(): Promise<void> {
    const node = child(this.#node, 'balancer')
    if (node === undefined) return
    const exported = 'a balancer, a function (candidates, exchange, random) => endpoint'
    const maker = await makerOf(node, balancerParts, exported, this.#building)
    if (maker === undefined) return this.#fail()
    const balancer = await this.#tried(node, maker.value)
    if (balancer === undefined) return
    this.#fingerprints.push(maker.fingerprint)
    this.#steps.push((so) => so.balance(balancer))
  }

  /** How endpoints are probed stands with the upstream, or is the same with each endpoint. */
  async #health(endpoints: ConfigNode | undefined): Promise<void> {
    const own = child(this.#node, 'health_check')
    const ofEach = endpoints?.kind === 'list' ? this.#healthOfEach(endpoints, own) : undefined
    const node = own ?? ofEach
    if (node !== undefined)
      await this.#add<HealthOptions>(node, healthSchema, (so, options) => so.health(options))
  }

  #healthOfEach({ items }: ListNode, own: ConfigNode | undefined): ConfigNode | undefined {
    const all = items.map((item) => child(item, 'health_check'))
    const first = all.find((one) => one !== undefined)
    if (first === undefined) return undefined
    if (own !== undefined) {
      this.#building.problem(first, 'must stand either with the upstream or with its endpoints')
      return this.#fail()
    }
    for (const [i, one] of all.entries()) {
      if (one === undefined)
        this.#building.problem(
          items[i]!,
          'must have the "health_check" that others of this upstream have, since all are probed alike (it may stand once, beside "endpoints")',
        )
      else if (canonicalText(one) !== canonicalText(first))
        this.#building.problem(
          one,
          'must be the same for all endpoints of an upstream, since all are probed alike',
        )
      else continue
      this.#fail()
    }
    return first
  }

  async #subset(): Promise<void> {
    const node = child(this.#node, 'subset')
    const select = child(node, 'select')
    if (node?.kind !== 'map' || select === undefined) return
    const selector = await this.#read<SubsetSelector>(subsetSelector, select)
    const options = await this.#read<SubsetOptions>(subsetOptionsSchema, without(node, 'select'))
    if (selector === undefined || options === undefined) return
    await this.#step(node, (so) => so.subset(selector, options))
  }

  async #filters(): Promise<void> {
    const scope = `upstream ${this.#name}`
    const use = await makeFilters(child(this.#node, 'filters'), `${scope} filters`, this.#building)
    const guards = await makeFilters(child(this.#node, 'guards'), `${scope} guards`, this.#building)
    this.#fingerprints.push(use.fingerprint, guards.fingerprint)
    this.#steps.push((so) => so.use(...use.filters).guard(...guards.filters))
  }

  /** Filters of which each endpoint has one of its own. */
  async #each(): Promise<void> {
    const each = child(this.#node, 'each')
    if (each?.kind !== 'list') return
    for (const item of each.items) {
      const module = child(item, 'module')
      const exported = 'a function (endpoint) => filter'
      const maker = await makerOf(item, filterParts, exported, this.#building)
      // Once, to see whether it can be made at all.
      const made = maker === undefined ? this.#fail() : await this.#tried(item, maker.value)
      if (maker === undefined || made === undefined) continue
      this.#fingerprints.push(maker.fingerprint)
      const make =
        module === undefined ? named(() => maker.value(), made.name) : (made as object as EndpointFilter)
      this.#steps.push((so) => so.useEach(make))
    }
  }

  async #fallback(): Promise<void> {
    const node = child(this.#node, 'fallback')
    if (node === undefined) return
    const named = node.kind === 'map' ? child(node, 'upstream') : node
    if (named === undefined) return this.#fail()
    const target = await this.#upstreams.named(named)
    const options =
      node.kind === 'map'
        ? await this.#read<FallbackOptions>(fallbackOptionsSchema, without(node, 'upstream'))
        : {}
    if (target === undefined || options === undefined) return this.#fail()
    this.#fingerprints.push(target.fingerprint)
    await this.#step(node, (so) => so.fallback(target.value, options))
  }

  /** What a key of the upstream adds to the pool, where it is there. */
  async #added<Options>(
    key: string,
    schema: Schema,
    add: (so: Pool, options: Options) => Pool,
  ): Promise<void> {
    const node = child(this.#node, key)
    if (node !== undefined) await this.#add(node, schema, add)
  }

  /** `true` takes the defaults of all options, `false` adds nothing. */
  async #add<Options>(
    node: ConfigNode,
    schema: Schema,
    add: (so: Pool, options: Options) => Pool,
  ): Promise<void> {
    const read = await this.#read<Options | boolean>(schema, node)
    if (read === undefined || read === false) return
    const options = (read === true ? {} : read) as Options
    await this.#step(node, (so) => add(so, options))
  }

  /** Adds a step, once it was tried at a pool of its own: what is wrong with it is told of it. */
  async #step(node: ConfigNode, step: (so: Pool) => Pool): Promise<void> {
    const tried = await this.#tried(node, () => step(pool([ANY_ENDPOINT])))
    if (tried !== undefined) this.#steps.push(step)
  }

  async #read<T>(schema: Schema, node: ConfigNode): Promise<T | undefined> {
    const read = await this.#building.read<T>(schema, node)
    if (read === undefined) return this.#fail()
    this.#fingerprints.push(read.fingerprint)
    return read.value
  }

  async #tried<T>(
    node: ConfigNode,
    make: () => T,
    keys?: Readonly<Record<string, string>>,
  ): Promise<T | undefined> {
    return (await this.#building.attempt(node, make, keys)) ?? this.#fail()
  }

  #fail(): undefined {
    this.#failed = true
    return undefined
  }
}

/** Nothing is sent to it. */
const ANY_ENDPOINT = 'http://127.0.0.1'

/** An address without a scheme is one of `http:`. */
function urlOf({ text, value }: ScalarNode): string {
  const given = text ?? String(value)
  return given.includes('://') ? given : `http://${given}`
}
