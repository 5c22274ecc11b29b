import type { Filter } from '../../core/handler.ts'
import type { FaultAbort, FaultBandwidth, FaultDelay, FaultOptions } from '../../filters/fault.ts'
import type { Part } from '../part.ts'
import { valueMatch } from '../schema/option-schemas/value-match.ts'
import {
  duration,
  either,
  flag,
  integer,
  mapOf,
  moduleValue,
  number,
  optionsObject,
  size,
} from '../schema/values.ts'

const share = number(0, 1)

interface FaultInFile extends Omit<FaultOptions, 'enabled'> {
  enabled: boolean | FaultOptions['enabled']
}

export const faultPart: Part<FaultInFile, Filter> = {
  schema: {
    enabled: either(flag, moduleValue('a function of the exchange')),
    headers: mapOf(valueMatch),
    delay: optionsObject<FaultDelay>({ ms: duration, maxMs: duration, share }, ['ms']),
    abort: optionsObject<FaultAbort>({ status: integer(400, 599), reset: flag, share }),
    bandwidth: optionsObject<FaultBandwidth>({ bytesPerSecond: size, share }, ['bytesPerSecond']),
  },
  required: ['enabled'],
  load: async () => {
    const { fault } = await import('../../filters/fault.ts')
    return ({ enabled, ...options }) =>
      fault({ ...options, enabled: typeof enabled === 'boolean' ? () => enabled : enabled })
  },
}
