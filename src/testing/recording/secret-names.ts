import { invalidOption } from '../../core/options.ts'

/** Decides by the name of a field, parameter or member, and for members by the path to it. */
export type NameRule = (name: string, path: readonly string[]) => boolean

/**
 * Names of what is nearly always a secret. `key` is part of many words that are none; the commonest are let through.
 */
const SECRET =
  /token|secret|session|passw(?:or)?d|passphrase|credential|signature|authorization|^saml|^(?:set-)?cookie$|key(?!words?|board|note|frame)/i

/** Too short to be looked for within a word. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  ...['auth', 'code', 'csrf', 'cvc', 'cvv', 'jwt', 'otp', 'pass', 'pin', 'pwd', 'sid', 'sig', 'totp', 'xsrf'],
])

/** A code of these is none that opens anything. */
const PLAIN_CODE =
  /^(?:area|city|color|country|currency|err|error|exit|http|lang|language|postal|reason|region|response|result|state|status|zip)$/

/** Whether a name has, by itself or in `camelCase`, `snake_case` or the like, a word that says so. */
function hasSecretWord(name: string): boolean {
  const words = name
    .slice(0, MOST_OF_NAME)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
  return words.some(
    (word, i) => SECRET_WORDS.has(word) && !(word === 'code' && PLAIN_CODE.test(words[i - 1] ?? '')),
  )
}

const MOST_OF_NAME = 1_000

/** Names in one kind of place: those of rules, and by default those that speak for themselves. */
export class SecretNames {
  readonly #rules: readonly NameRule[]
  readonly #defaults: boolean

  constructor(rules: readonly NameRule[], defaults: boolean) {
    this.#rules = rules
    this.#defaults = defaults
  }

  /** Whether any name can be one. */
  get any(): boolean {
    return this.#defaults || this.#rules.length > 0
  }

  has(name: string): boolean {
    return (this.#defaults && (SECRET.test(name) || hasSecretWord(name))) || this.hasRule(name)
  }

  /** Whether a rule names it; the default names do not count. */
  hasRule(name: string, path: readonly string[] = [name]): boolean {
    return this.#rules.some((rule) => rule(name, path))
  }
}

/** @throws `ERR_OPTION_INVALID` */
export function nameRule(place: 'header' | 'query' | 'json', rule: string | RegExp): NameRule {
  if (rule instanceof RegExp) {
    // A sticky or global expression would remember where it was.
    const stateless = new RegExp(rule.source, rule.flags.replace(/[gy]/g, ''))
    return (name) => stateless.test(name)
  }
  if (typeof rule !== 'string' || rule === '')
    throw invalidOption('record: redact', place, 'a name or a regular expression', rule)
  const lower = rule.toLowerCase()
  if (place !== 'json' || !lower.includes('.')) return (name) => name.toLowerCase() === lower
  const steps = lower.split('.')
  return (_, path) =>
    path.length === steps.length && steps.every((step, i) => step === '*' || step === path[i]!.toLowerCase())
}
