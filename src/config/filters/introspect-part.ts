import type { Filter } from '../../core/handler.ts'
import type { IntrospectOptions } from '../../filters/introspect.ts'
import type { Part } from '../part.ts'
import { serviceEndpoint } from '../schema/option-schemas/called-services.ts'
import {
  choice,
  duration,
  either,
  flag,
  integer,
  object,
  oneOrMore,
  optionsObject,
  secret,
  text,
  texts,
} from '../schema/values.ts'

type ClientAuth = Extract<NonNullable<IntrospectOptions['auth']>, { readonly clientId: string }>

export const introspectPart: Part<IntrospectOptions, Filter> = {
  schema: {
    endpoint: serviceEndpoint,
    auth: either(
      optionsObject<ClientAuth>({ clientId: text, clientSecret: secret, method: choice('basic', 'post') }, [
        'clientId',
        'clientSecret',
      ]),
      object({ bearer: secret }, { required: ['bearer'], expected: '{ bearer: "..." }' }),
    ),
    scopes: texts,
    audience: oneOrMore(text),
    forward: flag,
    realm: text,
    maxTokenLength: integer(1),
    cacheMs: duration,
    cacheInactiveMs: duration,
    cacheMax: integer(0),
    timeoutMs: duration,
  },
  required: ['endpoint'],
  load: async () => (await import('../../filters/introspect.ts')).introspect,
}
