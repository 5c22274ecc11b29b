import type { ListenOptions } from '../../../proxy/description.ts'
import type { Http2Options } from '../../../transport/http2/http2-options.ts'
import type { ProxyProtocolOptions } from '../../../transport/proxy-protocol/listen-options.ts'
import type { OptionsSchema } from '../schema.ts'
import { choice, either, flag, integer, moduleValue, optionsObject, size, text, texts } from '../values.ts'
import { limitOptions } from './limit-options.ts'
import { tlsListenOptions } from './tls-listen-options.ts'

/** Of a listener. Files say `address` for `host`. */
export const listenOptions: OptionsSchema<ListenOptions> = {
  port: integer(0, 65_535),
  host: text,
  trustedProxies: texts,
  trustedField: choice('x-forwarded-for', 'forwarded'),
  proxyProtocol: optionsObject<ProxyProtocolOptions>({ from: texts }, ['from']),
  limits: optionsObject(limitOptions),
  tls: tlsListenOptions,
  http2: either(
    flag,
    optionsObject<Http2Options>({
      streams: integer(1, 10_000),
      streamWindowBytes: size,
      connectionWindowBytes: size,
    }),
  ),
  onConnectionRefused: moduleValue('a function of the connection that was refused'),
}
