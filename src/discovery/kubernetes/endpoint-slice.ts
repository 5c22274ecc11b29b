import { isAddress, isHostName, isPort } from '../endpoint-url.ts'
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
  IPv4: (value) => isAddress(value, 4),
  IPv6: (value) => isAddress(value, 6),
  FQDN: isHostName,
}

/** @throws for what is no EndpointSlice */
export function endpointSlice(value: unknown): EndpointSlice {
  const name = textOf(fieldOf(fieldOf(value, 'metadata'), 'name'))
  const addressType = textOf(fieldOf(value, 'addressType'))
  if (name === undefined || name === '' || addressType === undefined)
    throw new Error('the API server has sent what is no EndpointSlice')
  const isOfType = Object.hasOwn(IS_ADDRESS, addressType) ? IS_ADDRESS[addressType] : undefined
  return {
    name,
    addressType,
    ports: listOf(fieldOf(value, 'ports'), 'ports').filter(isTcp).map(slicePort),
    // Kinds of addresses to come are for others.
    endpoints:
      isOfType === undefined
        ? []
        : listOf(fieldOf(value, 'endpoints'), 'endpoints')
            .filter(isServing)
            .map((one) => sliceEndpoint(one, isOfType)),
  }
}

/** The API says that what is not known is to be taken for `true`. Where all are published, one that ends stays ready. */
function isServing(endpoint: unknown): boolean {
  const conditions = fieldOf(endpoint, 'conditions')
  return fieldOf(conditions, 'ready') !== false && fieldOf(conditions, 'terminating') !== true
}

/** The API says that the addresses of one endpoint are all the same; the first one is for all. */
function sliceEndpoint(endpoint: unknown, isOfType: (value: unknown) => boolean): SliceEndpoint {
  const [address] = listOf(fieldOf(endpoint, 'addresses'), 'addresses')
  if (!isOfType(address)) throw new Error('an address in an EndpointSlice is none')
  const zone = textOf(fieldOf(endpoint, 'zone')) || undefined
  if (zone !== undefined && !NAME.test(zone)) throw new Error('a zone in an EndpointSlice is none')
  return { address: address as string, zone }
}

/** What a port or a zone may be called; it stands in messages and metrics. */
const NAME = /^[\w./:-]{1,253}$/

function isTcp(port: unknown): boolean {
  return (fieldOf(port, 'protocol') ?? 'TCP') === 'TCP'
}

function slicePort(value: unknown): SlicePort {
  const port = fieldOf(value, 'port') ?? undefined
  const name = textOf(fieldOf(value, 'name')) ?? ''
  const fine = (port === undefined || isPort(port)) && (name === '' || NAME.test(name))
  if (!fine) throw new Error('a port in an EndpointSlice is none')
  return { name, port }
}
