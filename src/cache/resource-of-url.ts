import { parseHostPattern } from '../core/host-pattern.ts'
import { invalidOption } from '../core/options.ts'
import { normalizePath } from '../core/path.ts'
import type { Resource } from './cache-key.ts'

const URL = /^(https?):\/\/([^/?#@\\]+)(\/[^?#]*)?(\?[^#]*)?$/i

/** What a URL names, as requests for it have it. @throws `ERR_OPTION_INVALID` for what is none of http or https. */
export function resourceOfUrl(owner: string, url: string): Resource {
  const wrong = () => invalidOption(owner, 'url', 'an http or https URL such as "https://a.example/x?y"', url)
  const [, scheme, host, path = '/', query = ''] = (typeof url === 'string' && URL.exec(url)) || []
  if (scheme === undefined || host === undefined) throw wrong()
  if (parseHostPattern(owner, 'url', host).wildcard) throw wrong()
  const normal = normalizePath(encoded(path))
  const target = normal === undefined ? undefined : normal + encoded(query)
  if (target === undefined || !/^[\x21-\x7e]+$/.test(target)) throw wrong()
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', host, target }
}

/** As it stands in a request: what is not ASCII, in octets of UTF-8. */
function encoded(text: string): string {
  return text.toWellFormed().replace(/[\u0080-\uffff]+/g, encodeURIComponent)
}
