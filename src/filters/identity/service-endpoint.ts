import { invalidOption } from '../../core/options.ts'
import { type CallTarget, type CallTargetInit, targetOf } from '../../core/target.ts'

/** Where a service is asked: an address, or a pool or a handler, and a path. */
export type ServiceEndpointInit = string | { readonly service: CallTargetInit; readonly path: string }

export interface ServiceEndpoint {
  readonly target: CallTarget
  readonly path: string
}

const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Checks an option that names a service whose word is law: nobody may change it on its way. @throws `ERR_OPTION_INVALID` */
export function serviceEndpoint(owner: string, option: string, given: ServiceEndpointInit): ServiceEndpoint {
  if (typeof given === 'string') {
    const url = URL.parse(given)
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL.test(url.hostname))
    if (url === null || !isSafe || url.username + url.password + url.hash !== '')
      throw invalidOption(
        owner,
        option,
        'an https address such as "https://id.example.com/path" (http for this machine alone; else { service, path })',
        given,
      )
    return { target: targetOf(owner, option, url.origin), path: url.pathname + url.search }
  }
  if (typeof given !== 'object' || given === null)
    throw invalidOption(owner, option, 'an address, or { service, path }', given)
  const { service, path } = given
  if (typeof path !== 'string' || !/^\/[\x21\x22\x24-\x7e]*$/.test(path))
    throw invalidOption(owner, `${option}.path`, 'a path that begins with "/"', path)
  return { target: targetOf(owner, `${option}.service`, service), path }
}
