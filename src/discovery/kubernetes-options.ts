import { invalidOption, knownOptions } from '../core/options.ts'
import { checkScheme, type EndpointScheme, isHostName, isPort } from './endpoint-url.ts'

export interface KubernetesOptions {
  /** The name of the Service. */
  service: string
  /** The namespace that it is of. Default: that of the pod that the proxy runs in. */
  namespace?: string
  /** The port of the pods: its name in the Service, or its number. Default: the only one that they have. */
  port?: string | number
  /** How the endpoints are spoken to. Default `http`. */
  scheme?: EndpointScheme
  /** Of pods that have addresses of several kinds, which counts. Default: the first of these of which there are any. */
  addressType?: 'IPv4' | 'IPv6' | 'FQDN'
  /** Whether a service without any pod that is ready empties the pool. Default `false`: the last list stays. */
  allowEmpty?: boolean
  /**
   * The API server, as `https://host:port`. Default: that of the cluster that the proxy runs in, with the certificate authority
   * and the token of its service account.
   */
  server?: string
  /** The file with the token to show. It is read before each request, since tokens are replaced. Default without `server`: the service account's. */
  tokenFile?: string
  /** The file with the authority of the API server's certificate, in PEM, read likewise. Default with `server`: those that Node trusts. */
  caFile?: string
}

/** Options that were checked. */
export interface KubernetesSettings {
  readonly service: string
  readonly namespace: string | undefined
  readonly port: string | number | undefined
  readonly scheme: EndpointScheme
  readonly addressType: KubernetesOptions['addressType']
  readonly allowEmpty: boolean
  readonly server: string | undefined
  readonly tokenFile: string | undefined
  readonly caFile: string | undefined
}

const OWNER = 'kubernetes'

/** What Kubernetes puts into each pod. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

const ADDRESS_TYPES: readonly unknown[] = ['IPv4', 'IPv6', 'FQDN']

/** @throws `ERR_OPTION_INVALID` */
export function kubernetesSettings(options: KubernetesOptions): KubernetesSettings {
  knownOptions(OWNER, options, [
    'service',
    'namespace',
    'port',
    'scheme',
    'addressType',
    'allowEmpty',
    'server',
    'tokenFile',
    'caFile',
  ] satisfies (keyof KubernetesOptions)[])
  const { service, namespace, port, scheme = 'http', addressType, allowEmpty = false, server } = options
  if (!isHostName(service)) throw invalidOption(OWNER, 'service', 'the name of a Service', service)
  if (namespace !== undefined && !isHostName(namespace))
    throw invalidOption(OWNER, 'namespace', 'the name of a namespace', namespace)
  if (port !== undefined && !(typeof port === 'string' ? port !== '' : isPort(port)))
    throw invalidOption(OWNER, 'port', 'the name of a port, or its number', port)
  if (addressType !== undefined && !ADDRESS_TYPES.includes(addressType))
    throw invalidOption(OWNER, 'addressType', "'IPv4', 'IPv6' or 'FQDN'", addressType)
  if (typeof allowEmpty !== 'boolean') throw invalidOption(OWNER, 'allowEmpty', 'true or false', allowEmpty)
  return {
    service,
    namespace,
    port,
    scheme: checkScheme(OWNER, scheme),
    addressType,
    allowEmpty,
    ...accessOf(options, server),
  }
}

function accessOf(
  { tokenFile, caFile }: KubernetesOptions,
  server: string | undefined,
): Pick<KubernetesSettings, 'server' | 'tokenFile' | 'caFile'> {
  for (const [name, path] of Object.entries({ tokenFile, caFile }))
    if (path !== undefined && (typeof path !== 'string' || path === ''))
      throw invalidOption(OWNER, name, 'the path of a file', path)
  if (server === undefined)
    return {
      server,
      tokenFile: tokenFile ?? `${SERVICE_ACCOUNT}/token`,
      caFile: caFile ?? `${SERVICE_ACCOUNT}/ca.crt`,
    }
  const parsed = typeof server === 'string' ? URL.parse(server) : null
  const plain = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === ''
  if (!plain || parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '')
    throw invalidOption(OWNER, 'server', 'an address such as "https://10.0.0.1:6443"', server)
  // Whoever listens on the way could be anyone in the cluster then.
  if (parsed.protocol === 'http:' && tokenFile !== undefined)
    throw invalidOption(OWNER, 'server', 'one of https: where a token is shown to it', server)
  return { server: parsed.origin, tokenFile, caFile }
}
