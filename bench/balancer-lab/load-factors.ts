import { consistentHash } from 'gatewright/balancers'
import { type BalancerFigures, compareBalancers } from 'gatewright/testing'
import type { Situation } from './situations.ts'
import { StrayCount } from './strays.ts'

/** What `consistentHash` did with one `loadFactor`. */
export interface LoadFactorFigures {
  readonly loadFactor: number
  readonly figures: BalancerFigures
  /** The part of the requests that were not sent where their key belongs. */
  readonly strays: number
}

const FACTORS = [1.1, 1.25, 1.5, 2, 3, Number.POSITIVE_INFINITY]

/** Tries how much room an endpoint should have, in one situation. */
export async function compareLoadFactors(situation: Situation, seed: number): Promise<LoadFactorFigures[]> {
  const tried: LoadFactorFigures[] = []
  for (const loadFactor of FACTORS) {
    const strays = new StrayCount()
    const bounded = strays.counting(() => consistentHash({ key: 'path', loadFactor }))
    const found = await compareBalancers({ ...situation.comparison, balancers: { bounded }, seed })
    tried.push({ loadFactor, figures: found.bounded, strays: strays.part })
  }
  return tried
}
