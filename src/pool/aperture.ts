import { hashText } from '../core/hash.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'
import type { EndpointSpec } from './endpoint-spec.ts'

/** Which part of a large pool this proxy uses. */
export interface ApertureOptions {
  /**
   * Which of the proxies in front of this pool this one is. A number, where they are numbered from 0 on (a StatefulSet's
   * ordinal): then endpoints are shared out evenly. Or a name of its own: then by chance.
   */
  instance: number | string
  /** So many endpoints are used. A whole number from 1 on, default 20. */
  size?: number
}

/** The options, checked. */
export interface ApertureSettings {
  readonly size: number
  /** Where this proxy stands on the ring, from 0 up to, but not including, 1. */
  readonly place: number
}

/** Checks the options and fills in the defaults. */
export function apertureSettings(options: ApertureOptions): ApertureSettings {
  const owner = 'pool.aperture'
  knownOptions(owner, options, ['instance', 'size'] satisfies (keyof ApertureOptions)[])
  const { instance, size = 20 } = options
  if (typeof instance === 'string' ? instance === '' : typeof instance !== 'number')
    throw invalidOption(owner, 'instance', 'a number, or a name that is not empty', instance)
  if (typeof instance === 'number') integer(owner, 'instance', instance, { max: 0xffff_ffff })
  return { size: integer(owner, 'size', size, { min: 1 }), place: placeOf(instance) }
}

/** What a pool tells endpoints apart by, besides their tiers: each kind has `size` of its own, so that none is left out. */
export interface Kinds {
  readonly byZone: boolean
  readonly byLabels: boolean
}

/**
 * The endpoints that this proxy uses: `size` of each kind, in the order of the pool.
 *
 * Endpoints stand on a ring at equal distances, ordered by a hash, so that neighbours have nothing to do with each other and
 * those that stay keep their order when one comes or goes. A proxy takes those that follow its place. When an endpoint comes
 * or goes, places between the others shift by less than one: a proxy exchanges one of a kind at most, or two where the one that
 * went is beyond the end of the ring, at which its part begins anew.
 */
export function withinAperture(
  all: readonly EndpointSpec[],
  { size, place }: ApertureSettings,
  kinds: Kinds,
): EndpointSpec[] {
  const used = new Map<EndpointSpec, number>()
  for (const kind of Map.groupBy(all, (spec) => kindOf(spec, kinds)).values()) {
    const ring = kind.length <= size ? kind : inRingOrder(kind)
    const first = Math.floor(place * ring.length)
    const taken = Array.from(
      { length: Math.min(size, ring.length) },
      (_, i) => ring[(first + i) % ring.length]!,
    )
    const standsFor = weightOf(kind) / weightOf(taken)
    for (const spec of taken) used.set(spec, standsFor)
  }
  return all.flatMap((spec) => {
    const standsFor = used.get(spec)
    return standsFor === undefined ? [] : [{ ...spec, standsFor }]
  })
}

/**
 * Numbers go to the place that van der Corput's sequence has for them: however many there are, they lie about evenly, and a
 * further one moves none of the others. So does Google's Ringsteady (Ward et al., "Reinventing Backend Subsetting at Google",
 * 2022).
 */
function placeOf(instance: number | string): number {
  if (typeof instance === 'string') return hashText(instance, RING_SEED) / 2 ** 32
  let place = 0
  for (let rest = instance, part = 0.5; rest > 0; rest = Math.floor(rest / 2), part /= 2)
    place += (rest % 2) * part
  return place
}

/** Another one than balancers hash by: else a hash ring over the endpoints in use would be a piece of this one. */
const RING_SEED = 3

function kindOf({ priority, zone, labels }: EndpointSpec, { byZone, byLabels }: Kinds): string {
  const sorted = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))
  return JSON.stringify([priority, byZone ? zone : null, byLabels ? sorted : null])
}

function inRingOrder(kind: readonly EndpointSpec[]): EndpointSpec[] {
  return kind
    .map((spec) => ({ spec, at: hashText(spec.id, RING_SEED) }))
    .sort((one, other) => one.at - other.at || (one.spec.id < other.spec.id ? -1 : 1))
    .map(({ spec }) => spec)
}

function weightOf(specs: readonly EndpointSpec[]): number {
  return specs.reduce((sum, { weight }) => sum + weight, 0)
}
