import { invalidOption } from '../../core/options.ts'
import { type CallTarget, type CallTargetInit, targetOf } from '../../core/target.ts'

export interface Publisher {
  readonly target: CallTarget
  readonly path: string
}

/** Who answers for the address of keys, and where among all else that it has. */
export function publisherOf(
  owner: string,
  option: string,
  given: string | { readonly service: CallTargetInit; readonly path: string },
): Publisher {
  if (typeof given === 'string') {
    const url = URL.parse(given)
    // Whoever can change the keys on their way can make every token.
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL.test(url.hostname))
    if (url === null || !isSafe || url.username + url.password + url.hash !== '')
      throw invalidOption(
        owner,
        option,
        'an https address such as "https://id.example.com/jwks.json" (http for this machine alone; else { service, path })',
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

const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
