import type { Filter } from '../../core/handler.ts'
import type { ApiKeyEntry, ApiKeyOptions } from '../../filters/api-key.ts'
import type { Part } from '../part.ts'
import { credentialSource } from '../schema/option-schemas/credential-source.ts'
import {
  duration,
  flag,
  freeObject,
  integer,
  listOf,
  moduleValue,
  oneOrMore,
  optionsObject,
  secret,
  text,
} from '../schema/values.ts'

export const apiKeyPart: Part<ApiKeyOptions, Filter> = {
  schema: {
    keys: listOf(
      optionsObject<ApiKeyEntry>(
        { id: text, attributes: freeObject('an object'), key: secret, sha256: secret },
        ['id'],
      ),
    ),
    lookup: moduleValue('a function of a hash'),
    from: oneOrMore(credentialSource),
    forward: flag,
    realm: text,
    cacheMs: duration,
    cacheUnknownMs: duration,
    cacheMax: integer(0),
    timeoutMs: duration,
  },
  required: [],
  load: async () => (await import('../../filters/api-key.ts')).apiKey,
}
