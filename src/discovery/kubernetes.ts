import type { EndpointSource } from '../pool/endpoint-source.ts'
import { sourceRetryMs } from '../pool/source-retry.ts'
import { Answers } from './answers.ts'
import { ApiServer } from './kubernetes/api-server.ts'
import { sliceEndpoints } from './kubernetes/slice-endpoints.ts'
import { ExpiredError, SliceWatch } from './kubernetes/slice-watch.ts'
import { type KubernetesOptions, kubernetesSettings } from './kubernetes-options.ts'
import { namedSource } from './named-source.ts'

/**
 * The pods of a Service of Kubernetes, as a source of a pool: those of its EndpointSlices that are ready and do not end. Their
 * zones are the endpoints' zones.
 *
 * It lists the slices, and then watches them: what changes is there at once. A watch that ends is begun again where it was; one
 * that cannot be gone on with (410), and one that fails, begins with a list. While the API server is gone, it is asked again
 * after 1 s, 2 s, 4 s, and so on up to 30 s, and the last list stays. So it does where no pod is ready, unless `allowEmpty`
 * says otherwise.
 *
 * The service account needs the verbs `list` and `watch` on `endpointslices` of the group `discovery.k8s.io`.
 *
 * @example pool(kubernetes({ service: 'users', port: 'http' }), { name: 'users' }).preferZone({ zone: 'eu-1a' })
 * @throws `ERR_OPTION_INVALID`
 */
export function kubernetes(options: KubernetesOptions): EndpointSource {
  const settings = kubernetesSettings(options)
  const { service, namespace, allowEmpty } = settings
  const what = namespace === undefined ? service : `${namespace}/${service}`
  return namedSource(`kubernetes(${what})`, async function* (signal, surroundings) {
    const { random, refused, failed, clock } = surroundings
    const answers = new Answers(`the Service ${what}`, allowEmpty, refused)
    const server = new ApiServer(settings, surroundings)
    const watch = new SliceWatch(server, signal, clock, random)
    /** In a row: since a watch has brought something, or has come to its end. */
    let failures = 0
    let expired = false
    while (!signal.aborted) {
      try {
        for await (const news of watch.next()) {
          if (news.watched) {
            failures = 0
            expired = false
          }
          const list = answers.next(sliceEndpoints(news.slices, settings))
          if (list !== undefined) yield list
        }
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof ExpiredError && !expired) {
          expired = true
          continue
        }
        const retryMs = sourceRetryMs(failures++, random)
        failed(error, retryMs)
        await watch.rest(retryMs)
      }
    }
  })
}
