import { integer, invalidOption, knownOptions } from '../core/options.ts'

/** Which zone a pool prefers, and how far. */
export interface PreferZoneOptions {
  /** The zone that this proxy runs in, by the name that endpoints give it. */
  zone: string
  /**
   * Which part of the pool's whole load comes in through the proxies of this zone: more than 0, at most 1. Default: the same
   * from each zone in which the pool has endpoints.
   */
  loadShare?: number
  /**
   * So many exchanges of this proxy in flight for each endpoint of the zone (of weight 1), on average, are a full zone: the
   * next one goes to another zone, if those have less to do. A whole number from 1 on. Default: no number is too many.
   */
  maxInFlight?: number
}

/** The options, checked. */
export interface ZoneSettings {
  readonly zone: string
  /** `undefined`: the same from each zone. */
  readonly loadShare: number | undefined
  readonly maxInFlight: number
}

/** Checks the options and fills in the defaults. */
export function zoneSettings(options: PreferZoneOptions): ZoneSettings {
  const owner = 'pool.preferZone'
  knownOptions(owner, options, ['zone', 'loadShare', 'maxInFlight'] satisfies (keyof PreferZoneOptions)[])
  const { zone, loadShare, maxInFlight = Number.POSITIVE_INFINITY } = options
  if (typeof zone !== 'string' || zone === '')
    throw invalidOption(owner, 'zone', 'a string that is not empty', zone)
  if (loadShare !== undefined && !(typeof loadShare === 'number' && loadShare > 0 && loadShare <= 1))
    throw invalidOption(owner, 'loadShare', 'a number above 0 and up to 1', loadShare)
  return {
    zone,
    loadShare,
    maxInFlight: integer(owner, 'maxInFlight', maxInFlight, { min: 1, unlimited: true }),
  }
}

/**
 * The part of this proxy's load that stays in its zone.
 *
 * If all endpoints had the same load, each its weight's worth, then those of the zone would carry `near / (near + far)` of
 * everything. They are given up to `overprovisioning` times that; what comes in through the zone beyond it goes to others. It
 * is the rule of Envoy's zone aware routing, with its overprovisioning factor as slack, and with `loadShare` in place of the
 * number of proxies in each zone, which this proxy cannot see.
 *
 * @param near The weight of the endpoints in the zone that may be chosen.
 * @param far The weight of those elsewhere.
 * @param loadShare The part of the whole load that comes in through the proxies of the zone.
 */
export function nearShare(near: number, far: number, loadShare: number, overprovisioning: number): number {
  return Math.min(1, (overprovisioning * near) / (loadShare * (near + far)))
}
