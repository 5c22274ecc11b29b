import type { Filter } from '../../core/handler.ts'
import type { AccessLogOptions } from '../../filters/access-log.ts'
import type { AlwaysLogged } from '../../filters/access-logging/log-sampling.ts'
import type { Part } from '../part.ts'
import {
  choice,
  duration,
  either,
  filePath,
  flag,
  integer,
  mapOf,
  moduleValue,
  number,
  object,
  optionsObject,
  orUnlimited,
  size,
  texts,
} from '../schema/values.ts'

type TargetInFile = NonNullable<AccessLogOptions['to']> | 'stdout' | 'stderr'

interface AccessLogInFile extends Omit<AccessLogOptions, 'to'> {
  to?: TargetInFile
}

export const accessLogPart: Part<AccessLogInFile, Filter> = {
  schema: {
    format: either(choice('json', 'common', 'combined'), moduleValue('a function of an entry')),
    to: either(
      choice('stdout', 'stderr'),
      object({ file: filePath }, { required: ['file'], expected: '{ file: "..." }' }),
      moduleValue('a stream, a logger or a function'),
    ),
    maxQueueBytes: size,
    flushMs: duration,
    skip: moduleValue('a function of the exchange'),
    sample: either(number(0, 1), moduleValue('a function of an entry')),
    always: optionsObject<AlwaysLogged>({
      status: orUnlimited(integer(100)),
      slowerThanMs: orUnlimited(duration),
    }),
    query: choice('omit', 'mask', 'keep'),
    redact: texts,
    userAgent: flag,
    referer: flag,
    requestHeaders: texts,
    responseHeaders: texts,
    fields: mapOf(moduleValue('an attribute, or a function of the exchange')),
  },
  required: [],
  load: async () => {
    const { accessLog } = await import('../../filters/access-log.ts')
    return ({ to, ...options }) =>
      accessLog({
        ...options,
        ...(to === undefined ? {} : { to: typeof to === 'string' ? process[to] : to }),
      })
  },
}
