import { isIPv4, isIPv6 } from 'node:net'
import { isHostName, isPort } from '../endpoint-url.ts'
import { fieldOf, listOf, textOf } from './json-field.ts'

/** What counts of an EndpointSlice (discovery.k8s.io/v1). */
export interface EndpointSlice {
  readonly name: string
  readonly addressType: string
  readonly ports: readonly SlicePort[]
  /** Those that may be sent to. */
  readonly endpoints: readonly SliceEndpoint[]
}

export interface SlicePort {
  /** Empty where the Service has one port, without a name. */
  readonly name: string
  /** `undefined`: any. */
  readonly port: number | undefined
}

export interface SliceEndpoint {
  readonly address: string
  readonly zone: string | undefined
}

const IS_ADDRESS: Readonly<Record<string, (value: unknown) => boolean>> = {
  IPv4: (value) => typeof value === 'string' && isIPv4(value),
  IPv6: (value) => typeof value === 'string' && isIPv6(value) && !value.includes('%'),
  FQDN: isHostName,
}

/** @throws for what is no EndpointSlice */
export function endpointSlice(value: unknown): EndpointSlice {
  const name = textOf(fieldOf(fieldOf(value, 'metadata'), 'name'))
  const addressType = textOf(fieldOf(value, 'addressType'))
  if (name === undefined || name === '' || addressType === undefined)
    throw new Error('the API server has sent what is no EndpointSlice')
  const isAddress = Object.hasOwn(IS_ADDRESS, addressType) ? IS_ADDRESS[addressType] : undefined
  return {
    name,
    addressType,
    ports: listOf(fieldOf(value, 'ports'), 'ports').filter(isTcp).map(slicePort),
    // Kinds of addresses to come are for others.
    endpoints:
      isAddress === undefined
        ? []
        : listOf(fieldOf(value, 'endpoints'), 'endpoints')
            .filter(isServing)
            .map((one) => sliceEndpoint(one, isAddress)),
  }
}

/** The API says that what is not known is to be taken for `true`. Where all are published, one that ends stays ready. */
function isServing(endpoint: unknown): boolean {
  const conditions = fieldOf(endpoint, 'conditions')
  return fieldOf(conditions, 'ready') !== false && fieldOf(conditions, 'terminating') !== true
}

/** The API says that the addresses of one endpoint are all the same; the first one is for all. */
function sliceEndpoint(endpoint: unknown, isAddress: (value: unknown) => boolean): SliceEndpoint {
  const [address] = listOf(fieldOf(endpoint, 'addresses'), 'addresses')
  if (!isAddress(address)) throw new Error('an address in an EndpointSlice is none')
  const zone = textOf(fieldOf(endpoint, 'zone'))
  return { address: address as string, zone: zone === '' ? undefined : zone }
}

function isTcp(port: unknown): boolean {
  return (fieldOf(port, 'protocol') ?? 'TCP') === 'TCP'
}

function slicePort(value: unknown): SlicePort {
  const port = fieldOf(value, 'port') ?? undefined
  if (port !== undefined && !isPort(port)) throw new Error('a port in an EndpointSlice is none')
  return { name: textOf(fieldOf(value, 'name')) ?? '', port }
}
