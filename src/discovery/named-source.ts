import type { EndpointSource } from '../pool/endpoint-source.ts'

/** The same source, by a name that `explain` shows. */
export function namedSource(name: string, source: EndpointSource): EndpointSource {
  return Object.defineProperty(source, 'name', { value: name })
}
