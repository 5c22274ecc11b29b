import { X509Certificate } from 'node:crypto'
import type { Body } from '../../core/body.ts'
import type { ResponseMessage } from '../../core/message.ts'
import type { TlsConnectOptions } from '../../core/network.ts'
import { readBoundedFile } from '../../core/watched-file.ts'
import type { SourceSurroundings } from '../../pool/endpoint-source.ts'
import { isHostName } from '../endpoint-url.ts'
import { type KubernetesSettings, SERVICE_ACCOUNT } from '../kubernetes-options.ts'
import { fieldOf, textOf } from './json-field.ts'

/** A token, an authority or the name of a namespace is never longer. */
const FILE_BYTES = 262_144
/** What an error says. */
const ERROR_BYTES = 65_536
const MESSAGE_LENGTH = 300

/** An answer that is no success. */
export class StatusError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(
      message === '' ? `the API server answered ${status}` : `the API server answered ${status}: ${message}`,
    )
    this.name = 'StatusError'
    this.status = status
  }
}

/** Asks the API server for slices, and shows it who asks. */
export class ApiServer {
  readonly #settings: KubernetesSettings
  readonly #surroundings: SourceSurroundings
  #namespace: string | undefined

  constructor(settings: KubernetesSettings, surroundings: SourceSurroundings) {
    this.#settings = settings
    this.#surroundings = surroundings
    this.#namespace = settings.namespace
  }

  /**
   * The body of a successful answer about the service's slices. Files are read anew each time: tokens last for an hour, and are
   * replaced before; so may the authority be. All of it, to the last byte, has to be there within `limitMs`: a server that
   * sends one now and then would else be waited for for ever.
   */
  async slices(query: Readonly<Record<string, string>>, limitMs: number): Promise<Body> {
    const { service, tokenFile } = this.#settings
    this.#namespace ??= await namespaceOf(`${SERVICE_ACCOUNT}/namespace`)
    const parameters = new URLSearchParams({
      labelSelector: `kubernetes.io/service-name=${service}`,
      ...query,
    })
    const path = `/apis/discovery.k8s.io/v1/namespaces/${this.#namespace}/endpointslices?${parameters.toString()}`
    const headers: Record<string, string> = {
      Accept: 'application/json',
      'User-Agent': 'gatewright-discovery',
    }
    if (tokenFile !== undefined) headers.Authorization = `Bearer ${await tokenOf(tokenFile)}`
    const tls = await this.#tls()
    const response = await this.#surroundings.get(this.#server + path, {
      headers,
      tls,
      idleMs: limitMs,
      limitMs,
    })
    if (response.status === 200) return response.body
    throw new StatusError(response.status, await messageOf(response))
  }

  get #server(): string {
    const { server } = this.#settings
    if (server !== undefined) return server
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env
    if (host === undefined)
      throw new Error('KUBERNETES_SERVICE_HOST is not set: outside of a cluster, give "server"')
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  async #tls(): Promise<TlsConnectOptions> {
    const { caFile } = this.#settings
    if (caFile === undefined) return {}
    const ca = await readBoundedFile(caFile, FILE_BYTES)
    try {
      new X509Certificate(ca)
    } catch {
      throw new Error(`${caFile} is no certificate in PEM`)
    }
    return { ca }
  }
}

async function namespaceOf(path: string): Promise<string> {
  const name = (await readBoundedFile(path, FILE_BYTES)).toString('utf8').trim()
  if (!isHostName(name)) throw new Error(`${path} names no namespace`)
  return name
}

/** What is wrong with it is said without it. */
async function tokenOf(path: string): Promise<string> {
  const token = (await readBoundedFile(path, FILE_BYTES)).toString('utf8').trim()
  // RFC 6750 section 2.1.
  if (!/^[\w.~+/-]+=*$/.test(token)) throw new Error(`${path} has no token`)
  return token
}

/** What its `Status` says, which may be anything. */
async function messageOf({ body }: ResponseMessage): Promise<string> {
  try {
    const message = textOf(fieldOf(await body.json({ maxBytes: ERROR_BYTES }), 'message')) ?? ''
    return message.replace(/\p{C}+/gu, ' ').slice(0, MESSAGE_LENGTH)
  } catch {
    return ''
  }
}
