import type { PreferZoneOptions } from '../../../pool/zone.ts'
import type { OptionsSchema } from '../schema.ts'
import { integer, number, orUnlimited, text } from '../values.ts'

export const zoneOptions: OptionsSchema<PreferZoneOptions> = {
  zone: text,
  loadShare: number(0, 1),
  maxInFlight: orUnlimited(integer(1)),
}
