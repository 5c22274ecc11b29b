import type { Attribute } from '../../core/attribute.ts'
import type { Exchange } from '../../core/exchange.ts'
import { isFieldValue } from '../../core/headers.ts'
import { invalidOption } from '../../core/options.ts'

/**
 * What a value is made from: a text with places such as `{client.address}`, an attribute, or a function of the exchange.
 * Where it gives `undefined`, there is no value.
 */
export type FieldValue =
  | string
  | Attribute<string>
  | Attribute<number>
  | Attribute<boolean>
  | ((exchange: Exchange) => string | undefined)

/** Makes a value. `undefined` where there is none. What it gives is not checked: clients choose parts of it. */
export type ValueMaker = (exchange: Exchange) => string | undefined

/** A text as it stands, or what makes one for each exchange. */
export function valueMaker(owner: string, option: string, value: FieldValue): string | ValueMaker {
  if (typeof value === 'string') return template(owner, option, value)
  if (typeof value === 'function') return value
  if (typeof value === 'object' && value !== null && typeof value.name === 'string') {
    const key: Attribute<string | number | boolean> = value
    return (exchange) => exchange.get(key)?.toString()
  }
  throw invalidOption(owner, option, 'a text, an attribute or a function of the exchange', value)
}

/** `{{name}}` is the text `{name}`. Braces around anything but a name, as in JSON, are text. */
const PLACE = /\{\{([A-Za-z][\w.*]*)\}\}|\{([A-Za-z][\w.*]*)\}/g

function template(owner: string, option: string, text: string): string | ValueMaker {
  const literals: string[] = []
  const makers: ValueMaker[] = []
  let literal = ''
  let end = 0
  for (const found of text.matchAll(PLACE)) {
    literal += text.slice(end, found.index)
    end = found.index + found[0].length
    if (found[1] !== undefined) literal += `{${found[1]}}`
    else {
      literals.push(literal)
      makers.push(placeMaker(owner, option, found[2]!, text))
      literal = ''
    }
  }
  const last = literal + text.slice(end)
  if (makers.length === 0) {
    if (isFieldValue(last)) return last
    throw invalidOption(
      owner,
      option,
      'a text without control characters, outer white space or characters outside latin1',
      text,
    )
  }
  if (makers.length === 1 && literals[0] === '' && last === '') return makers[0]!
  return (exchange) => {
    let value = ''
    for (let i = 0; i < makers.length; i++) {
      const part = makers[i]!(exchange)
      // A text with a hole in it would say something that nobody has written.
      if (part === undefined || part === '') return undefined
      value += literals[i]! + part
    }
    return value + last
  }
}

const PLACES: Readonly<Record<string, ValueMaker>> = {
  'client.address': ({ client }) => client.address,
  'client.port': ({ client }) => String(client.port),
  'client.scheme': ({ client }) => client.scheme,
  'client.tls.protocol': ({ client }) => client.tls?.protocol,
  'client.tls.cipher': ({ client }) => client.tls?.cipher,
  'client.tls.servername': ({ client }) => client.tls?.servername,
  // Of one that nobody vouches for, the client could have written these itself.
  'client.tls.subject': ({ client }) => vouchedFor(client.tls?.clientCertificate)?.subject,
  'client.tls.fingerprint': ({ client }) => vouchedFor(client.tls?.clientCertificate)?.fingerprint256,
  'request.method': ({ request }) => request.method,
  'request.host': ({ request }) => request.host,
  'request.path': ({ request }) => request.path,
  'request.query': ({ request }) => request.query,
  id: (exchange) => exchange.id,
  route: ({ route }) => route?.name,
}

function vouchedFor<T extends { readonly authorized: boolean }>(certificate: T | undefined): T | undefined {
  return certificate?.authorized === true ? certificate : undefined
}

function placeMaker(owner: string, option: string, name: string, text: string): ValueMaker {
  if (name.startsWith('params.')) {
    const param = name.slice('params.'.length)
    return ({ params }) => params[param]
  }
  const maker = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined
  if (maker !== undefined) return maker
  throw invalidOption(
    owner,
    option,
    `a text with places that there are (${Object.keys(PLACES).join(', ')}, params.<name>), not "{${name}}"; "{{${name}}}" is text`,
    text,
  )
}
