import type { ApertureOptions } from '../../../pool/aperture.ts'
import type { OptionsSchema } from '../schema.ts'
import { either, integer, text } from '../values.ts'

export const apertureOptions: OptionsSchema<ApertureOptions> = {
  instance: either(integer(0), text),
  size: integer(1),
}
