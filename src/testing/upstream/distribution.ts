import { invalidOption } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'

/** How long something takes, by chance. Plain data, so that a script of faults can be printed and kept. In milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** Cut off at 0. */
  | { readonly kind: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  /** `sigma` is the deviation of the logarithm: 0.5 is mild, 1 has a tail. */
  | { readonly kind: 'log-normal'; readonly medianMs: number; readonly sigma: number }
  /** The smaller `shape`, the heavier the tail: below 1 it has no mean. Cut off at `maxMs`, default one minute. */
  | { readonly kind: 'pareto'; readonly minMs: number; readonly shape: number; readonly maxMs?: number }

const LONGEST_MS = 60_000

/** One time out of a distribution. Takes as many random numbers as the kind needs, always the same count. */
export function sample(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms
    case 'uniform':
      return distribution.minMs + random() * (distribution.maxMs - distribution.minMs)
    case 'exponential':
      return -Math.log(1 - random()) * distribution.meanMs
    case 'normal':
      return Math.max(0, distribution.meanMs + standardNormal(random) * distribution.deviationMs)
    case 'log-normal':
      return distribution.medianMs * Math.exp(standardNormal(random) * distribution.sigma)
    case 'pareto': {
      const { minMs, shape, maxMs = LONGEST_MS } = distribution
      return Math.min(maxMs, minMs / (1 - random()) ** (1 / shape))
    }
  }
}

/** By Box and Muller (1958). The second number of the pair is thrown away, so that each call stands alone. */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** @throws `ERR_OPTION_INVALID` for what is no distribution, or has numbers that make no sense. */
export function checkDistribution(owner: string, option: string, given: Distribution): Distribution {
  if (!Object.hasOwn(NUMBERS, given?.kind)) {
    throw invalidOption(
      owner,
      option,
      `a distribution such as { kind: 'constant', ms: 20 } (kinds: ${Object.keys(NUMBERS).join(', ')})`,
      given?.kind ?? given,
    )
  }
  const numbers = NUMBERS[given.kind]
  for (const [name, value] of Object.entries(given)) {
    if (name === 'kind') continue
    if (!numbers.includes(name))
      throw invalidOption(owner, `${option}.${name}`, `one of ${numbers.join(', ')}`, value)
    if (value === undefined && isOptional(given, name)) continue
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw invalidOption(owner, `${option}.${name}`, 'a number, 0 or more', value)
  }
  for (const name of numbers) {
    if (!(name in given) && !isOptional(given, name))
      throw invalidOption(owner, `${option}.${name}`, 'a number, 0 or more', undefined)
  }
  if (given.kind === 'pareto' && given.shape === 0)
    throw invalidOption(owner, `${option}.shape`, 'more than 0', 0)
  if (given.kind === 'uniform' && given.maxMs < given.minMs)
    throw invalidOption(owner, `${option}.maxMs`, 'no less than minMs', given.maxMs)
  return given
}

function isOptional(given: Distribution, name: string): boolean {
  return given.kind === 'pareto' && name === 'maxMs'
}

const NUMBERS: Readonly<Record<Distribution['kind'], readonly string[]>> = {
  constant: ['ms'],
  uniform: ['minMs', 'maxMs'],
  exponential: ['meanMs'],
  normal: ['meanMs', 'deviationMs'],
  'log-normal': ['medianMs', 'sigma'],
  pareto: ['minMs', 'shape', 'maxMs'],
}
