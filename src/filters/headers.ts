import { addErrorFields } from '../core/error-fields.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { CompiledChanges, type FieldChanges } from './fields/field-changes.ts'

export interface HeadersOptions {
  /** What is changed in requests, before they go on: `remove`, `rename`, `set` and `add`, in this order. Default nothing. */
  request?: FieldChanges
  /** The same of responses, and `onErrors`. Default nothing. */
  response?: ResponseFieldChanges
}

/** Changes of the fields of a response: all of `FieldChanges`, and `onErrors`. */
export interface ResponseFieldChanges extends FieldChanges {
  /**
   * Whether what `set` and `add` write stands in the proxy's own error answers too, which pass no filter on their way back.
   * Values are then made before the request goes on. Default false.
   */
  onErrors?: boolean
}

const CHANGES: readonly string[] = ['remove', 'rename', 'set', 'add'] satisfies (keyof FieldChanges)[]

/**
 * Sets, adds, removes and renames fields of requests and responses.
 *
 * A value is a text, in which `{client.address}`, `{client.port}`, `{client.scheme}`, `{client.tls.protocol}`,
 * `{client.tls.cipher}`, `{client.tls.servername}`, `{client.tls.subject}`, `{client.tls.fingerprint}`, `{request.method}`,
 * `{request.host}`, `{request.path}`, `{request.query}`, `{id}`, `{route}` and `{params.name}` stand for what they say;
 * `{{id}}` is the text `{id}`. Or it is an attribute that an earlier filter has set, or a function of the exchange. Texts are
 * read once, when the filter is made. Subject and fingerprint are those of a client certificate that someone vouches for.
 *
 * A value is missing where a function or an attribute gives `undefined`, or one of the places in a text has nothing to
 * stand for. Then `add` writes nothing, and `set` takes the field away, so that a client cannot put its own word there.
 *
 * A value that a field cannot hold, with a line break in a parameter of the path for example, never gets into a message:
 * a request for which there is one is refused with 400 `request_malformed`, and in a response it counts as missing.
 *
 * Of requests, fields whose names differ from one that is set, removed or renamed by `_` for `-` alone are taken away: CGI and
 * its heirs read `X_User` as `X-User`.
 *
 * Fields that the proxy writes itself cannot be changed here: `Host`, `Content-Length`, `Transfer-Encoding`, `Connection` and
 * the others that end at each hop; of requests also `X-Forwarded-*`, `X-Real-IP`, `Forwarded`, `Via` and `Expect`.
 *
 * Traps: characters outside latin1 cannot stand in a field; encode them in a function. Of two filters that set the same field
 * of responses, the outer one has the last word. Trailers and interim responses stay as they are.
 *
 * @example
 * headers({
 *   request: { set: { 'X-Client': '{client.address}', 'X-User': userId }, remove: ['X-Debug'] },
 *   response: { set: { 'X-Request-Id': '{id}' }, remove: ['Server'], onErrors: true },
 * })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for a field of the proxy's own.
 */
export function headers(options: HeadersOptions): Filter {
  knownOptions('headers', options, ['request', 'response'] satisfies (keyof HeadersOptions)[])
  const { request, response } = options
  if (request === undefined && response === undefined)
    throw invalidOption('headers', 'options', 'at least one of "request" and "response"', options)
  const onRequest =
    request === undefined
      ? undefined
      : new CompiledChanges('headers', 'request', request, CHANGES, refuseRequest)
  const onResponse =
    response === undefined
      ? undefined
      : new CompiledChanges('headers', 'response', response, [...CHANGES, 'onErrors'], () => undefined)
  const { onErrors = false } = response ?? {}
  if (typeof onErrors !== 'boolean')
    throw invalidOption('headers', 'response.onErrors', 'true or false', onErrors)

  const filter: Filter = (exchange, next) => {
    // Before the request is changed, so that its refusal has them too.
    if (onErrors) addErrorFields(exchange, errorFieldsOf(onResponse!, exchange))
    onRequest?.apply(exchange.request.headers, exchange)
    const answer = next(exchange)
    if (onResponse === undefined) return answer
    if (answer instanceof ResponseMessage) return changed(answer, onResponse, exchange)
    return answer.then((it) => changed(it, onResponse, exchange))
  }
  return named(filter, 'headers')
}

function changed(response: ResponseMessage, changes: CompiledChanges, exchange: Exchange): ResponseMessage {
  changes.apply(response.headers, exchange)
  return response
}

function errorFieldsOf(changes: CompiledChanges, exchange: Exchange): HeaderList {
  const fields = new HeaderList()
  for (const field of changes.made) {
    const value = changes.valueOf(field, exchange)
    if (value !== undefined) fields.append(field.name, value)
  }
  return fields
}

function refuseRequest(name: string): never {
  throw new ProxyError('request_malformed', { detail: `what it asks for cannot stand in the field ${name}` })
}
