import type { RequestMessage } from './message.ts'
import { invalidOption } from './options.ts'

/** A host name, or all names below one (`*.example.com`). */
export interface HostPattern {
  /** Lower case, without the `*.` and without a dot at the end. */
  readonly name: string
  readonly wildcard: boolean
  /** `undefined` for every port. */
  readonly port: number | undefined
}

const HOST = /^(\*\.)?([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::([0-9]{1,5}))?$/

export function parseHostPattern(owner: string, option: string, text: string): HostPattern {
  const found = typeof text === 'string' ? HOST.exec(text.toLowerCase()) : null
  const port = found?.[3] === undefined ? undefined : Number(found[3])
  if (
    found === null ||
    (found[1] !== undefined && found[2]!.startsWith('[')) ||
    (port !== undefined && (port < 1 || port > 65_535))
  ) {
    const expectation =
      'a host such as "api.example.com", "*.example.com" or "[::1]:8080" (names in punycode)'
    throw invalidOption(owner, option, expectation, text)
  }
  return { name: found[2]!, wildcard: found[1] !== undefined, port }
}

export function hostPatternText({ name, wildcard, port }: HostPattern): string {
  return `${wildcard ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`
}

/** The part of a request that says for which host it is. */
export type NamedHost = Pick<RequestMessage, 'host' | 'scheme'>

export interface HostName {
  readonly name: string
  readonly port: number
}

/** Name and port of the host that a request names; without a port, the one its scheme implies. */
export function requestHost({ host, scheme }: NamedHost): HostName {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  const name = colon < 0 ? host : host.slice(0, colon)
  const port = colon < 0 || colon === host.length - 1 ? defaultPort(scheme) : Number(host.slice(colon + 1))
  return { name: (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase(), port }
}

function defaultPort(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80
}

export function hostMatches(pattern: HostPattern, request: NamedHost): boolean {
  const { name, port } = requestHost(request)
  if (pattern.port !== undefined && pattern.port !== port) return false
  if (!pattern.wildcard) return name === pattern.name
  return name.length > pattern.name.length + 1 && name.endsWith(`.${pattern.name}`)
}
