import { invalidOption } from '../../core/options.ts'

/**
 * Tells which media types are named in a list such as `['application/grpc', 'model/*']`.
 *
 * @throws `ERR_OPTION_INVALID`
 */
export function keptTypes(types: readonly string[]): (type: string) => boolean {
  const known = types.map((type) => {
    if (typeof type !== 'string' || !MEDIA_TYPE.test(type))
      throw invalidOption(
        'record',
        'keepBodies',
        'a list of media types, "application/grpc" or "model/*"',
        type,
      )
    return type.toLowerCase().replace(/\*$/, '')
  })
  return (type) => known.some((it) => type === it || (it.endsWith('/') && type.startsWith(it)))
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/(?:[\w!#$&^.+-]+|\*)$/
