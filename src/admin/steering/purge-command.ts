import type { Cache } from '../../cache/cache.ts'
import { type PurgeSelector, SELECTORS } from '../../cache/purge-selector.ts'
import { bounded } from '../../core/bounded-text.ts'
import type { Handler } from '../../core/handler.ts'
import { log } from '../../core/log.ts'
import { respondJson } from '../../core/message.ts'
import type { RunningProxy } from '../../proxy/running-proxy.ts'
import { printable } from '../printable.ts'
import { Refusal } from '../problem-answer.ts'
import { identifiedFilters } from '../status/filter-statuses.ts'
import { asAsked, type Command, readCommand, textMember } from './command.ts'
import { namesOf } from './names-of.ts'

/** `POST /api/caches/purge`: answers when the cache's store has it too. */
export function purgeCommand(proxy: RunningProxy): Handler {
  return async (exchange) => {
    const command = await readCommand(exchange, ['filter', 'soft', ...SELECTORS])
    const id = textMember(command, 'filter')
    const cache = cacheOf(proxy, id)
    const { filter: _, soft = false, ...what } = command
    // Checked by the cache itself.
    await asAsked(() => cache.purge(what as unknown as PurgeSelector, { soft: soft as boolean }))
    log.info(printable(`admin: ${exchange.client.address} purges ${toldOf(what)} of the cache ${id}`))
    return respondJson(200, { purged: what })
  }
}

/** Without the query of a url, which may hold secrets. */
function toldOf({ url, ...more }: Command): string {
  const told = typeof url === 'string' ? { url: url.replace(/\?.*/s, '?…'), ...more } : more
  return bounded(JSON.stringify(told))
}

function cacheOf({ filterStates }: RunningProxy, id: string): Cache {
  const caches = identifiedFilters(filterStates).filter(({ view }) => view.state.kind === 'cache')
  const found = caches.find((it) => it.id === id)
  if (found !== undefined) return found.view.filter as Cache
  const ids = namesOf(caches.map((it) => JSON.stringify(it.id)))
  throw new Refusal(404, 'Not found', `there is no cache of this id; those that there are: ${ids}`)
}
