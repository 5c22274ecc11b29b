import type { DnsOptions } from '../discovery/dns-options.ts'
import type { FileOptions } from '../discovery/file.ts'
import type { KubernetesOptions } from '../discovery/kubernetes-options.ts'
import type { EndpointSource } from '../pool/endpoint-source.ts'
import type { NamedPart, Part } from './part.ts'
import {
  choice,
  duration,
  either,
  filePath,
  flag,
  integer,
  listOf,
  moduleValue,
  number,
  size,
  text,
} from './schema/values.ts'

const scheme = choice('http', 'https', 'tcp', 'tls')
const port = integer(1, 65_535)

const dns: Part<DnsOptions, EndpointSource> = {
  schema: {
    host: text,
    service: text,
    port,
    scheme,
    type: choice('A+AAAA', 'A', 'AAAA'),
    minMs: duration,
    maxMs: duration,
    refreshMs: duration,
    jitter: number(0, 1),
    timeoutMs: duration,
    servers: listOf(text, 1),
    allowEmpty: flag,
    resolver: moduleValue('a name service'),
  },
  required: [],
  load: async () => (await import('../discovery/dns.ts')).dns,
}

interface FileInFile extends FileOptions {
  path: string
}

const file: Part<FileInFile, EndpointSource> = {
  schema: { path: filePath, everyMs: duration, maxBytes: size, allowEmpty: flag },
  required: ['path'],
  load: async () => {
    const made = (await import('../discovery/file.ts')).file
    return ({ path, ...options }) => made(path, options)
  },
}

const kubernetes: Part<KubernetesOptions, EndpointSource> = {
  schema: {
    service: text,
    namespace: text,
    port: either(port, text),
    scheme,
    addressType: choice('IPv4', 'IPv6', 'FQDN'),
    allowEmpty: flag,
    server: text,
    tokenFile: filePath,
    caFile: filePath,
  },
  required: ['service'],
  load: async () => (await import('../discovery/kubernetes.ts')).kubernetes,
}

/** The sources of endpoints that a configuration can name, by their names in the builder. */
export const discoveryParts: Readonly<Record<string, NamedPart<EndpointSource>>> = { dns, file, kubernetes }
