import { invalidOption } from '../../core/options.ts'
import { checkedAnswer, type FakeAnswer } from './fake-reply.ts'

/** @internal The answers that fit a request. They are taken from the list when the request is answered, not before. */
export interface FoundAnswers {
  readonly answers: FakeAnswer[]
  readonly params: Readonly<Record<string, string>>
}

/** @internal What a fake upstream answers, by `METHOD /path`. */
export class UpstreamRoutes {
  readonly #routes: { readonly matches: RouteMatch; readonly answers: FakeAnswer[] }[] = []
  #default: FakeAnswer[] | undefined

  on(route: string, answers: readonly FakeAnswer[]): void {
    this.#routes.push({
      matches: routeMatch('fakeUpstream', 'route', route),
      answers: answers.map((it) => checkedAnswer('fakeUpstream.on', it)),
    })
  }

  otherwise(answers: readonly FakeAnswer[]): void {
    this.#default = answers.map((it) => checkedAnswer('fakeUpstream.reply', it))
  }

  find(method: string, path: string): FoundAnswers {
    for (const { matches, answers } of this.#routes) {
      const params = matches(method, path)
      if (params !== undefined) return { answers, params }
    }
    if (this.#default !== undefined) return { answers: this.#default, params: NO_PARAMS }
    if (this.#routes.length === 0) return { answers: OK, params: NO_PARAMS }
    return { answers: [{ status: 404, body: `no route for ${method} ${path}` }], params: NO_PARAMS }
  }
}

/** @internal The params of a request that fits. */
export type RouteMatch = (method: string, path: string) => Readonly<Record<string, string>> | undefined

/** @internal Reads `METHOD /path`. */
export function routeMatch(owner: string, option: string, route: string): RouteMatch {
  const found = typeof route === 'string' ? /^([A-Z*]+) (\/\S*)$/.exec(route) : null
  if (found === null)
    throw invalidOption(
      owner,
      option,
      '"METHOD /path" with the method in capitals, such as "GET /users/:id", or "* /users"',
      route,
    )
  const pattern = found[2]!
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:(\w+)/g, '(?<$1>[^/]+)')
    .replace(/\*$/, '.*')
  const path = new RegExp(`^${pattern}$`)
  return (method, given) => {
    const fits = found[1] === '*' || found[1] === method ? path.exec(given) : null
    return fits === null ? undefined : { ...fits.groups }
  }
}

/** @internal The next of some answers: each serves one request, the last all further ones. */
export function nextAnswer(answers: FakeAnswer[]): FakeAnswer {
  return answers.length > 1 ? answers.shift()! : answers[0]!
}

const OK: FakeAnswer[] = [{ body: 'ok' }]
const NO_PARAMS: Readonly<Record<string, string>> = {}
