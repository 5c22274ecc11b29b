/** A name of a server, or a wildcard, as it may be given for a certificate or for SNI. An IPv4 address looks like one. */
export const SERVER_NAME: RegExp = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i

/**
 * What belongs to the name of a server: an exact name first, then a wildcard, whose `*` stands for exactly one label, the
 * first (RFC 9525 section 6.3). Case does not count.
 */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>()
  /** By what stands behind `*.`. */
  readonly #wildcards = new Map<string, T>()

  /** The first who has a name keeps it. */
  add(name: string, value: T): void {
    const [names, key] = name.startsWith('*.') ? [this.#wildcards, name.slice(2)] : [this.#exact, name]
    if (!names.has(key)) names.set(key, value)
  }

  find(name: string): T | undefined {
    const asked = name.toLowerCase()
    const found = this.#exact.get(asked)
    if (found !== undefined || this.#wildcards.size === 0) return found
    const dot = asked.indexOf('.')
    return dot <= 0 ? undefined : this.#wildcards.get(asked.slice(dot + 1))
  }
}
