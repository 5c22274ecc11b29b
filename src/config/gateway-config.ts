/* Made by `npm run docs` of src/config/schema, with json-schema-to-typescript. Change that. */
// Texts of one form stand beside texts of any: editors show both.
/* oxlint-disable typescript/no-redundant-type-constituents */
import type { Duration, Size } from '../core/options.ts'

/** A value of your own code: `./file.ts#name`, from the folder of the file that says so. */
export interface FromModule {
  module: `${string}#${string}`
}

export type Filters = (
  | (
      | 'access_log'
      | 'adaptive_concurrency'
      | 'api_key'
      | 'bandwidth'
      | 'basic_auth'
      | 'body_limit'
      | 'body_transform'
      | 'cache'
      | 'circuit_breaker'
      | 'coalesce'
      | 'compress'
      | 'cookies'
      | 'csrf'
      | 'decompress'
      | 'grpc_web'
      | 'headers'
      | 'hsts'
      | 'ip_filter'
      | 'json'
      | 'load_shedding'
      | 'metrics'
      | 'proxy_status'
      | 'rate_limit'
      | 'redirect_to_https'
      | 'request_id'
      | 'rewrite_location'
      | 'security_headers'
      | 'server_timing'
      | 'tracing'
      | 'validate'
      | 'websocket'
    )
  | {
      /**
       * Writes a line for every exchange when it is over: what was asked, what was answered and why, who ended it, and where the time went.
       */
      access_log?: {
        /**
         * What a line looks like: `'json'`, `'common'`, `'combined'`, or a function of the entry that makes a text or an object. Default `'json'`.
         */
        format?: ('json' | 'common' | 'combined') | FromModule
        /**
         * Where it goes: a stream; a logger with `info`, such as one of pino; a function, which gets one or more whole lines as one text; or `{ file: path }`, which is appended to. Default `process.stdout`.
         */
        to?:
          | ('stdout' | 'stderr')
          | {
              file: string
            }
          | FromModule
        /**
         * Bytes of lines that may wait for the sink. Past that, new lines are dropped. Default 8 MiB.
         */
        max_queue_size?: Size
        /**
         * How long the end of the proxy waits for the sink to take what is left. Default 1 s.
         */
        flush?: Duration
        /**
         * Which exchanges are left out: only `true` is yes. Asked when the request comes.
         */
        skip?: FromModule
        /**
         * The part of the exchanges that is logged, from 0 to 1, drawn by `exchange.random`; or which entries are. Default 1: all.
         */
        sample?: number | FromModule
        /**
         * What is logged whatever `sample` says: what failed, and by default statuses from 500 on and what took longer than 1 s.
         */
        always?: {
          /**
           * Responses of this status and above. Default 500. `unlimited`: none for that.
           */
          status?: number | 'unlimited'
          /**
           * Exchanges that have lasted for longer. Default 1 s. `unlimited`: none for that.
           */
          slower_than?: Duration | 'unlimited'
        }
        /**
         * What is logged of queries: `omit`, nothing; `mask`, the names of parameters; `keep`, all but redacted values. Default `omit`.
         */
        query?: 'omit' | 'mask' | 'keep'
        /**
         * Names of fields and of parameters whose values are never logged, beside those that sound like a secret: `authorization`, `cookie`, `token`, `password`, `api-key` and the like, also as a part of a name.
         */
        redact?: string[]
        /**
         * Whether the client's `User-Agent` is logged. Default false; with `combined`, true.
         */
        user_agent?: boolean
        /**
         * Whether the client's `Referer` is logged, its query as `query` says. Default false; with `combined`, true.
         */
        referer?: boolean
        /**
         * Fields of the request that are logged, as they are when it is over. Default none.
         */
        request_headers?: string[]
        /**
         * Fields of the response that are logged, as they pass this filter. Error answers of the proxy pass none. Default none.
         */
        response_headers?: string[]
        /**
         * What else is logged, by name: an attribute, or a function of the exchange, called when it is over. Texts, numbers and booleans count.
         */
        fields?: {
          [k: string]: FromModule
        }
      }
      /**
       * Finds out how much a service can do at once, by its latency, and lets no more through.
       */
      adaptive_concurrency?: {
        /**
         * How the limit follows the latency. `gradient` (default): by how much slower the service is than at rest. `vegas`: by how many of those under way wait in the service, which keeps its queue shorter.
         */
        algorithm?: 'gradient' | 'vegas'
        /**
         * The limit never falls below. Default 2.
         */
        min?: number
        /**
         * Nor does it rise above. Default 1000.
         */
        max?: number
        /**
         * What it begins with. Default 20, or the nearest that `min` and `max` allow.
         */
        initial?: number
        /**
         * The limit is set anew after so long, if 20 responses have come. Default 250 ms.
         */
        window?: Duration
        /**
         * How often, under lasting load, a third of the limit is let through for a moment to see how fast the service is at rest; it takes 30 responses. At first more often. Default 30 s.
         */
        probe?: Duration
        /**
         * From 0 (dispensable) to 1 (as before). An exchange of priority 1 may use all of the limit, one of priority 0 half of it: what matters less is shed first. What is no number counts as 0. Default 1 for all.
         */
        priority?: FromModule
        /**
         * What lists of filters show. Default `adaptive_concurrency`.
         */
        name?: string
      }
      /**
       * Answers with one JSON document that is made of the answers of several services, which are asked at the same time.
       */
      aggregate?: {
        /**
         * The parts, by the names that they have in the document.
         */
        parts: {
          [k: string]: {
            /**
             * Where it comes from: a pool, a handler, or the address of a service such as `'http://users:8080'`.
             */
            from:
              | string
              | {
                  upstream: string
                }
              | FromModule
            /**
             * Path and query of the request, with the route's parameters in it: `'/users/:id'`, and `?` with what follows as it stands. Or a function of the exchange that gives that or a whole request; `undefined` leaves the part out. Default: the target of the exchange.
             */
            request?: string | FromModule
            /**
             * Whether there is no answer without it: where it fails, the answer is its problem alone. Default false.
             */
            required?: boolean
            /**
             * How long it may take. Default: as `timeout` of the whole.
             */
            timeout?: Duration
            /**
             * Its content, at most. Default 1 MiB.
             */
            max_size?: Size
          }
        }
        /**
         * How long each part may take. Default 5 s.
         */
        timeout?: Duration
        /**
         * Fields of the client's request that go to every part, `['authorization', 'accept-language']` for example. Default none.
         */
        pass_headers?: string[]
        /**
         * Makes another document of the parts. What it gives is sent as JSON. Numbers are as JavaScript has them.
         */
        combine?: FromModule
      }
      /**
       * Lets requests pass that carry a known key, and refuses all others with 401 `unauthenticated`.
       */
      api_key?: {
        /**
         * The keys that are known beforehand. Beside or in place of `lookup`.
         */
        keys?: {
          /**
           * A name for logs, limits and services. No secret.
           */
          id: string
          /**
           * What else is known: a plan, scopes, a tenant.
           */
          attributes?: {
            [k: string]: unknown
          }
          /**
           * The key itself, at least 16 characters. It is hashed at the call, and not kept.
           */
          key?: string
          /**
           * The SHA-256 of the key as 64 hexadecimal digits, in place of `key`: `printf %s "$KEY" | sha256sum`.
           */
          sha256?: string
        }[]
        /**
         * Finds a key that is not in `keys` by its SHA-256 in hexadecimal; `undefined` for a key that there is not. What it throws is 503 `identity_unavailable`. It is asked once for requests that come together, so it gets no exchange.
         */
        lookup?: FromModule
        /**
         * Where keys may stand: one place, or a list. Default `{ header: 'X-Api-Key' }`.
         */
        from?:
          | (
              | {
                  header: string
                }
              | {
                  query: string
                }
              | {
                  cookie: string
                }
            )
          | (
              | {
                  header: string
                }
              | {
                  query: string
                }
              | {
                  cookie: string
                }
            )[]
        /**
         * Whether the key goes on to the service. Default false: it is taken out of the request.
         */
        forward?: boolean
        /**
         * Of the challenge in a refusal. Default `api`.
         */
        realm?: string
        /**
         * How long an answer of `lookup` is kept: so long a key that was taken back goes on working. Default 1 minute.
         */
        cache?: Duration
        /**
         * How long it is kept that there is no such key. Default 5 s.
         */
        cache_unknown?: Duration
        /**
         * Answers of `lookup` that are kept. Default 10 000.
         */
        cache_max?: number
        /**
         * How long `lookup` may take. Default 5 s.
         */
        timeout?: Duration
      }
      /**
       * Lets a request pass where a function of yours says `true`, and refuses it with 403 `access_denied` else.
       */
      authorize?: {
        predicate: FromModule
        message?: string
      }
      /**
       * Lets bodies through at so many bytes a second, each exchange by itself, or all of a key together.
       */
      bandwidth?: {
        /**
         * Bytes of request bodies a second: `'1mb'`. Default: as fast as they are taken.
         */
        request?: Size
        /**
         * Bytes of response bodies a second. Default: as fast as they are taken.
         */
        response?: Size
        /**
         * Bytes that may go at once after a rest. Default: those of a tenth of a second.
         */
        burst?: Size
        /**
         * Who shares the bytes: exchanges of the client's `'address'`, the `'route'`, `'all'`, and so on, as of `rate_limit`. Request bodies share theirs, response bodies theirs. Default: each exchange has its own.
         */
        key?:
          | (
              | ('address' | 'route' | 'all')
              | {
                  header: string
                }
              | {
                  claim: string
                }
              | FromModule
            )
          | (
              | ('address' | 'route' | 'all')
              | {
                  header: string
                }
              | {
                  claim: string
                }
              | FromModule
            )[]
        /**
         * Keys that are told apart at the same time; all others share the bytes of one. Default 10 000.
         */
        max_keys?: number
      }
      /**
       * Asks for a name and a password (RFC 7617), and refuses all who have no right one with 401 `unauthenticated`.
       */
      basic_auth?: {
        /**
         * Names, and a hash of each password: bcrypt (`htpasswd -nB ada`), or scrypt (`hashPassword`).
         */
        users?: {
          [k: string]: string
        }
        /**
         * The text of an htpasswd file, beside or in place of `users`. Its hashes must be bcrypt or scrypt.
         */
        htpasswd?: string
        /**
         * Decides in place of a list. What it throws is 503 `identity_unavailable`. One that never ends keeps one of the places of `concurrency`, so give it a limit in time of its own. Not together with `users` or `htpasswd`.
         */
        verify?: FromModule
        /**
         * What browsers show, and a password is for. Default `restricted`.
         */
        realm?: string
        /**
         * Whether `Authorization` goes on to the service. Default false: the password ends here.
         */
        forward?: boolean
        /**
         * How long a name and password that were right are not checked anew. 0: always. Default 5 minutes.
         */
        cache?: Duration
        /**
         * So many of them are remembered. Default 10 000.
         */
        cache_max?: number
        /**
         * Passwords that are checked at once. Node computes at most four of scrypt at once, files and names too. Default 2.
         */
        concurrency?: number
        /**
         * Passwords that may wait for that; more are 503 `identity_unavailable`. Default 50.
         */
        max_waiting?: number
        /**
         * How long a check may take, its wait included; past that it is 503 `identity_unavailable`. Default 10 s.
         */
        timeout?: Duration
      }
      /**
       * Refuses bodies that are too large: a request's with 413 `request_body_too_large`, a response's with 502 `upstream_body_too_large`.
       */
      body_limit?: {
        /**
         * Bytes that the body of a request may have, as they come over the wire. Default: what the listener allows.
         */
        request?: Size
        /**
         * Bytes that the body of a response may have, as they come from the service. Default: what the pool allows.
         */
        response?: Size
      }
      /**
       * Sends the content of requests, of responses, or of both through an async generator over its chunks.
       */
      body_transform?: {
        /**
         * What the content of requests goes through on its way to the service. Default: nothing.
         */
        request?: FromModule
        /**
         * What the content of responses goes through on its way to the client. Default: nothing.
         */
        response?: FromModule
        /**
         * Media types of the content that is changed, such as `text/html`, `text/*`, `application/*+json`. Default: any, or none.
         */
        types?: string | string[]
      }
      cache?: {
        /**
         * What it is called in `Cache-Status`. Default `gatewright`.
         */
        name?: string
        /**
         * Bytes that all stored responses may have in memory together; the least recently used leaves first. Default 100 MiB.
         */
        max_size?: Size
        /**
         * Bytes that the content of one may have in memory; a longer one is passed on as it comes. Default a quarter of `max_size`.
         */
        max_entry_size?: Size
        /**
         * What stands behind the memory: on disk (`diskStore`), or shared by many processes (`redisStore`). Default nothing.
         */
        store?:
          | {
              disk: {
                /**
                 * A folder of the store's own; it is made if it is not there. One process at a time may use it.
                 */
                path: string
                /**
                 * Bytes that all responses may have on disk; the least recently used leaves first. What is being written comes on top of that, and records of purges, of some megabytes at most. Default 1 GiB.
                 */
                max_size?: Size
                /**
                 * Bytes that one content may have; a longer one is not stored. Default a quarter of `max_size`.
                 */
                max_entry_size?: Size
              }
            }
          | {
              redis: {
                /**
                 * The client that commands are sent with: of `redis` (node-redis, its cluster client too), `ioredis` or `iovalkey`.
                 */
                client: FromModule
                /**
                 * A second client, of the store's own, that listens for purges by others: `client.duplicate()`. In a cluster, a client of any one node. Default: none, and purges by others are only seen when something is looked for in Redis.
                 */
                subscriber?: FromModule
                /**
                 * What each key in Redis begins with; no braces. Default `gatewright:cache:`.
                 */
                prefix?: string
                /**
                 * Bytes that one content may have; a longer one is not stored. Default 16 MiB.
                 */
                max_entry_size?: Size
                /**
                 * How long a response is kept after it was stored or confirmed. Default 7 days.
                 */
                keep?: Duration
              }
            }
          | FromModule
        /**
         * Caches with different ones share nothing, though they have the same store.
         */
        partition?: string
        /**
         * Whatever else tells responses apart, beside method, scheme, host, path and query: a tenant, a version of an experiment. What it gives is a part of the key; which texts belong together is told by the list, never by what stands in them.
         */
        key?: FromModule
        /**
         * The targeted fields (RFC 9213) that are obeyed before `Cache-Control`, the first that is there. Default `CDN-Cache-Control`.
         */
        targets?: string[]
        /**
         * Whether clients may ask for fresher responses, or that theirs are not stored (RFC 9111 section 5.2.1). Default true.
         */
        obey_clients?: boolean
        /**
         * Further methods whose responses are stored, if these name a lifetime: QUERY, and POST where it asks for something and changes nothing. The content of the request is a part of the key. A POST that goes to the service makes what is stored of GET for its target invalid, as any unsafe method does; where its response is not stored, that of other contents too. Default none.
         */
        methods?: ('QUERY' | 'POST')[]
        /**
         * Requests of these methods with a longer content go past the cache. Default 64 KiB.
         */
        max_request_size?: Size
        /**
         * Content codings that services are asked for, the preferred one first: of these, the first that a client takes stands in the place of its `Accept-Encoding`, or `identity`, so that there is one variant for each. Default: clients' own lists.
         */
        codings?: string[]
        /**
         * Whether parts of responses (206, and what came of one that broke off) are stored, in memory, and combined where they have the same strong validator. They answer requests for ranges that are all there; of what is asked for beyond them, only what is missing is asked of the service. Default true.
         */
        parts?: boolean
        /**
         * Lifetimes of responses that name none, by status: `{ 404: '10s' }` stores that something is not there. Default none.
         */
        default_lifetimes?: {
          [k: string]: Duration
        }
        /**
         * Which part of the time since `Last-Modified` a response is taken to stay fresh that says nothing of that, and how long at most (RFC 9111 section 4.2.2); `false` for no guess. Default a tenth, and a day.
         */
        heuristic?:
          | false
          | {
              fraction?: number
              max?: Duration
            }
        /**
         * For how long a stale response answers while it is validated, where it does not say itself (RFC 5861). Default 0.
         */
        stale_while_revalidate?: Duration
        /**
         * For how long a stale response answers in place of an error, where it does not say itself (RFC 5861). Default 0.
         */
        stale_if_error?: Duration
        /**
         * The fields in which services name the tags of a response, by which it can be purged: separated by spaces or commas, at most 1 000 of 1 024 characters each; a response with more is not stored. They are sent on to clients. Default `Surrogate-Key` and `Cache-Tag`.
         */
        tag_fields?: string[]
        /**
         * How early a response is refreshed while it is fresh still, by one of those who ask: 1 is best for requests that come by chance, more is earlier (the beta of XFetch). The longer the last fetch took, the earlier. Default 0: not before it is stale.
         */
        early_refresh?: number
        /**
         * Up to which part, from 0 to 1, is taken off each lifetime, so that what was stored at once is not stale at once. Default 0.
         */
        jitter?: number
        /**
         * Fetches in the background at once, early ones and those of `stale-while-revalidate`. Beyond them nothing is refreshed, and what is stored answers as long as it may. Default 64.
         */
        max_background_fetches?: number
        /**
         * What becomes of a response with `Set-Cookie`: not stored, stored without the cookie, or stored with it. Default `refuse`.
         */
        set_cookie?: 'refuse' | 'strip' | 'store'
      }
      /**
       * Leaves a service alone that fails or is slow, and tries it again step by step.
       */
      circuit_breaker?: {
        /**
         * The part of the exchanges in the window that must fail for it to open. From 0 to 1. Default 0.5.
         */
        error_ratio?: number
        /**
         * A response whose head takes so long is slow. Default: none is.
         */
        slow?: Duration
        /**
         * The part of the exchanges in the window that must be slow for it to open. Only with `slow`. Default 0.5.
         */
        slow_ratio?: number
        /**
         * What is looked back at. Default 10 s.
         */
        window?: Duration
        /**
         * With fewer exchanges in the window it never opens. Default 20.
         */
        min_volume?: number
        /**
         * How long it stays open at first. Each time that it opens again before it has recovered, twice as long. Default 5 s.
         */
        open?: Duration
        /**
         * The longest that it stays open. Default 30 s, or `open` if that is more.
         */
        max_open?: Duration
        /**
         * The part, from 0 to 1, by which each of these times is lengthened at most, by chance. Default 0.2.
         */
        jitter?: number
        /**
         * The trial after it was open.
         */
        half_open?: {
          /**
           * The share of what comes that each step lets through, from 0 to 1. Where nothing is under way, one always goes through. Default `[0.1, 0.25, 0.5]`.
           */
          ramp?: number[]
          /**
           * Exchanges that each step waits for, and the most that it lets through. It goes on unless `error_ratio` of them fail (or `slow_ratio` are slow), and opens as soon as that is certain. Default 5.
           */
          trials?: number
        }
        /**
         * Whether a result counts as a failure. Default: an error of side `upstream`, anything thrown that is no `ProxyError`, and a status of 500 and above. A response that is none is a success; an error that is none says nothing. A client that leaves never counts, and this is not asked.
         */
        is_failure?: FromModule
        /**
         * Answers in place of the service while it is left alone; `exchange.get(answeredByFallback)` says so. Default: 503 `circuit_open`. For one that answers also where a request fails, or for another pool, see `pool.fallback`.
         */
        fallback?: FromModule
        /**
         * Told of each change, at once. What it throws is written to standard error.
         */
        on_change?: FromModule
        /**
         * What lists of filters show. Default `circuit_breaker`.
         */
        name?: string
      }
      /**
       * Makes one call for all clients that ask for the same thing at the same time.
       */
      coalesce?: {
        /**
         * Fields of a request that are a part of what is asked for, beside `Accept`, `Accept-Encoding`, `Accept-Language`, `Range` and the conditional ones: requests that differ in one are no equals. Default none. With `authorization` or `cookie` among them, requests that carry that are coalesced too.
         */
        headers?: string[]
        /**
         * What is kept of a response for the slowest of those who read it. A longer one whose length is known is not shared. Default 1 MiB.
         */
        buffer_size?: Size
        /**
         * How long a slow client may hold the others back, where the buffer is full; then its response breaks off. Default 5 s.
         */
        stall?: Duration
      }
      /**
       * Compresses responses with gzip, Brotli or Zstandard, as the client wants it.
       */
      compress?: {
        /**
         * The codings that are used, the one preferred first among those that a client wants equally. Default `['zstd', 'br', 'gzip']`: at these levels zstd and brotli make about the same of a page, and zstd does it in half the time.
         */
        codings?: ('zstd' | 'br' | 'gzip')[]
        /**
         * From 1 (fast) to 9 (small). Default 4: level 6 takes three times as long for 1 %.
         */
        gzip_level?: number
        /**
         * From 0 (fast) to 11 (small). Default 4. From 10 on, it is for files that are made once.
         */
        brotli_quality?: number
        /**
         * From 1 (fast) to 19 (small). Default 3.
         */
        zstd_level?: number
        /**
         * Content that is known to be shorter goes as it is. Default `'1kb'`: below it, hardly a packet is saved.
         */
        min_size?: Size
        /**
         * Media types that are compressed: `text/html`, `text/*`, `application/*+json`. Default: text, JSON, XML, JavaScript, WebAssembly, SVG, fonts without compression of their own, and what is a kind of these.
         */
        types?: string | string[]
        /**
         * So many bodies are compressed at a time as streams; beyond that, content goes as it is. Default 1000. A stream holds up to 0.3 MiB (gzip), 0.75 MiB (br) or 0.5 MiB (zstd) outside the heap, for as long as its body lasts.
         */
        max_streams?: number | 'unlimited'
      }
      /**
       * Lets so many exchanges through at once, of all clients or of each, and no more.
       */
      concurrency_limit?: {
        /**
         * Exchanges that may be under way at once, from the request's head to the response's end; of each key, where there is one.
         */
        limit: number
        /**
         * What the limit is counted for: the client's address, say. Exchanges without a key (`undefined`) count together. Default: all exchanges that come through the filter.
         */
        per?: FromModule
        /**
         * Keys that are counted apart; only those with an exchange under way are kept. All others share one limit. Default 10 000.
         */
        max_keys?: number
        /**
         * Exchanges that wait for a place. Default: none does.
         */
        queue?: {
          /**
           * Exchanges that may wait; of each key, where there is one.
           */
          max: number
          /**
           * How long one may wait. Default 1 s.
           */
          timeout?: Duration
          /**
           * `fifo`: who came first. `lifo`: who came last. `adaptive` (default): who came first, and who came last while the queue does not empty, since the clients of those who came first have given up.
           */
          order?: 'fifo' | 'lifo' | 'adaptive'
          /**
           * How long those may wait that come while the queue does not empty. Default 5 ms; set to `timeout` for no difference.
           */
          target?: Duration
          /**
           * A queue that has not been empty for so long does not empty. Default 100 ms.
           */
          interval?: Duration
        }
        /**
         * What lists of filters show. Default `concurrency_limit`.
         */
        name?: string
      }
      /**
       * Changes cookies on their way: which ones services get, and where browsers keep and send those that services set.
       */
      cookies?: {
        /**
         * What is changed in the `Cookie` fields of requests. Default nothing.
         */
        request?: {
          /**
           * Cookies that services do not get: names, case counts, or expressions that all of a name must match. Default none.
           */
          remove?: (
            | string
            | {
                regexp: string
                flags?: string
              }
          )[]
          /**
           * Cookies that services get, in the place of those that the client has sent under these names: values as `headers` has them. One whose value is missing is taken away. Default none.
           */
          set?: {
            [k: string]: string | FromModule
          }
        }
        /**
         * What is changed in the `Set-Cookie` fields of responses. Default nothing.
         */
        response?: {
          /**
           * Cookies that clients do not get: names, case counts, or expressions that all of a name must match. Default none.
           */
          remove?: (
            | string
            | {
                regexp: string
                flags?: string
              }
          )[]
          /**
           * Cookies that the other options are for. Default all.
           */
          only?: (
            | string
            | {
                regexp: string
                flags?: string
              }
          )[]
          /**
           * `Domain` of those that have one: another one; or new ones for those that are named, `{ 'users.internal': 'shop.example' }`. `false` takes it away, so that the cookie is for the very host that the client asked for. Default as it is.
           */
          domain?:
            | string
            | false
            | {
                [k: string]: string | false
              }
          /**
           * `Path` of all; or new beginnings, by segments, of those that have one: `{ '/': '/api' }`. The longest that fits counts. Default as it is.
           */
          path?:
            | string
            | {
                [k: string]: string
              }
          /**
           * Whether they go over HTTPS alone. Default as it is.
           */
          secure?: boolean
          /**
           * Whether they are hidden from scripts. Default as it is.
           */
          http_only?: boolean
          /**
           * Whether requests that other sites cause have them. `none` needs `Secure`, which is added. Default as it is.
           */
          same_site?: 'strict' | 'lax' | 'none'
          /**
           * Whether each site that embeds this one has cookies of its own (CHIPS). Needs `Secure`, which is added. Default as it is.
           */
          partitioned?: boolean
        }
      }
      /**
       * Says to browsers which pages of other origins may read what is answered (CORS).
       */
      cors?: {
        /**
         * Whose pages may read what is answered: origins, or a function that says so of one. `'*'` is everyone, without credentials. `'null'` (sandboxed frames, files) is allowed only where it is listed as such, since anyone can be that.
         */
        origins:
          | (
              | (
                  | string
                  | {
                      regexp: string
                      flags?: string
                    }
                )
              | (
                  | string
                  | {
                      regexp: string
                      flags?: string
                    }
                )[]
            )
          | FromModule
        /**
         * Methods that a page may use. Default GET, HEAD, POST, which need no preflight.
         */
        methods?: string[]
        /**
         * Fields that a page may set, beside those that need no leave; `'*'` is all but `Authorization`. Default none.
         */
        allowed_headers?: '*' | string[]
        /**
         * Fields of a response that a page may read, beside those that need no leave; `'*'` is all. Default none.
         */
        exposed_headers?: '*' | string[]
        /**
         * Whether requests with cookies or other credentials may be read. Not together with any `'*'`. Default false.
         */
        credentials?: boolean
        /**
         * How long a browser may keep the answer to a preflight. Browsers cut it at two hours or a day. Default: theirs, 5 s.
         */
        max_age?: Duration
        /**
         * Whether public pages may reach this host in a private network (Private Network Access). Default false.
         */
        private_network?: boolean
      }
      /**
       * Refuses requests that a foreign page has made a visitor's browser send (403 `access_denied`), by what browsers say of them.
       */
      csrf?: {
        /**
         * Origins whose pages may send requests that change something: `https://shop.example`, as browsers write them. Default none.
         */
        trusted_origins?: string[]
        /**
         * What becomes of a request with neither `Sec-Fetch-Site` nor `Origin`: `pass`, since it comes from a program or a browser from before 2020, or `refuse`, where no program may come. Default `pass`.
         */
        unmarked?: 'pass' | 'refuse'
      }
      /**
       * Takes the content coding off responses, and by option off requests, so that filters and services see the content itself.
       */
      decompress?: {
        /**
         * Whether requests are decompressed on their way to the service. Default `false`.
         */
        requests?: boolean
        /**
         * Whether responses are decompressed on their way to the client. Default `true`.
         */
        responses?: boolean
        /**
         * The codings that are read. Default `['zstd', 'br', 'gzip', 'deflate']`. A body holds, outside the heap and as long as it lasts, up to 8 MiB for `zstd`, 16 MiB for `br`, and 50 KiB for the others, as its sender chooses.
         */
        codings?: ('zstd' | 'br' | 'gzip' | 'deflate')[]
        /**
         * What a body may expand to. Default `'100mb'`; `unlimited` for none. Nothing of it is collected.
         */
        max_size?: Size | 'unlimited'
        /**
         * How many times its size a body may expand to, once that is more than a mebibyte. Default 100; `unlimited` for none.
         */
        max_ratio?: number | 'unlimited'
      }
      /**
       * Makes exchanges late, fail or slow on purpose, to find out how clients and services bear it.
       */
      fault?: {
        /**
         * Whether an exchange may be hit at all: asked for each, and only `true` is yes. Has no default, so that nobody has faults by mistake.
         */
        enabled: boolean | FromModule
        /**
         * Fields that a request must have to be hit, with a value, an expression, or `true` for any. All of them. Default none.
         */
        headers?: {
          [k: string]:
            | string
            | {
                regexp: string
                flags?: string
              }
            | true
        }
        /**
         * Makes exchanges late, before anything else is done for them. Default: it does not.
         */
        delay?: {
          /**
           * How long.
           */
          time: Duration
          /**
           * At most how long: by chance between `ms` and this, evenly. Default `ms`.
           */
          max?: Duration
          /**
           * The part of the exchanges, from 0 to 1. Default 1.
           */
          share?: number
        }
        /**
         * Ends exchanges in place of the service, which is not asked. Default: it does not.
         */
        abort?: {
          /**
           * What is answered, from 400 to 599, as a service would answer it: not as an error of the proxy's. Default: the error `fault_injected`, which is 503.
           */
          status?: number
          /**
           * Resets the client's connection in place of an answer; of HTTP/2, its stream. Not with `status`. Default false.
           */
          reset?: boolean
          /**
           * The part of the exchanges, from 0 to 1. Default 1.
           */
          share?: number
        }
        /**
         * Sends the content of responses slowly. Default: it does not.
         */
        bandwidth?: {
          /**
           * Bytes a second, of each response.
           */
          bytes_per_second: Size
          /**
           * The part of the exchanges, from 0 to 1. Default 1.
           */
          share?: number
        }
      }
      /**
       * Has another service decide of each request: Authelia, oauth2-proxy, or one of yours, as with `auth_request` of nginx and `forwardAuth` of Traefik.
       */
      forward_auth?: {
        /**
         * Who decides: an `https` address (`http` only for this machine), or `{ service, path }` with a pool, a handler or an address.
         */
        endpoint:
          | string
          | {
              service:
                | string
                | {
                    upstream: string
                  }
                | FromModule
              path: string
            }
        /**
         * Fields of the request that the service gets. Default `Authorization`, `Cookie`, `Accept`, `X-Requested-With`.
         */
        request_headers?: string[]
        /**
         * Fields of its 2xx answer that are put into the request, `X-User` for example. What a client has sent under these names is removed, also where the answer does not have them. Default none.
         */
        identity_headers?: string[]
        /**
         * Fields of its 2xx answer that are put into the response, `Set-Cookie` of a session that goes on, for example. Default none.
         */
        client_headers?: string[]
        /**
         * What a 2xx answer holds good for: requests of the same key are not asked about again for `cache`. It must hold all that the service decides by: the credentials, and the method and the path unless they make no difference. `undefined`: not kept. Default: each request is asked about.
         */
        cache_key?: FromModule
        /**
         * How long it is kept. Default 10 s.
         */
        cache?: Duration
        /**
         * Answers that are kept, of 2 KiB on average: fewer where they are larger. Default 10 000.
         */
        cache_max?: number
        /**
         * How long the service may take, to the end of its answer. Default 5 s.
         */
        timeout?: Duration
      }
      /**
       * Lets browsers call services of gRPC, by translating gRPC-Web.
       */
      grpc_web?: Record<string, never>
      headers?: {
        /**
         * What is changed in requests, before they go on: `remove`, `rename`, `set` and `add`, in this order. Default nothing.
         */
        request?: {
          /**
           * Fields to take away, all lines of each.
           */
          remove?: string[]
          /**
           * New names of fields. Values and number of lines stay; what was there under the new name is replaced.
           */
          rename?: {
            [k: string]: string
          }
          /**
           * Fields to write in the place of all that was there under their names. One whose value is missing is taken away: what a client has sent under that name must not pass for the proxy's word.
           */
          set?: {
            [k: string]: string | FromModule
          }
          /**
           * Fields to write behind what was there under their names. One whose value is missing is not written.
           */
          add?: {
            [k: string]: string | FromModule | (string | FromModule)[]
          }
        }
        /**
         * The same of responses, and `onErrors`. Default nothing.
         */
        response?: {
          /**
           * Fields to take away, all lines of each.
           */
          remove?: string[]
          /**
           * New names of fields. Values and number of lines stay; what was there under the new name is replaced.
           */
          rename?: {
            [k: string]: string
          }
          /**
           * Fields to write in the place of all that was there under their names. One whose value is missing is taken away: what a client has sent under that name must not pass for the proxy's word.
           */
          set?: {
            [k: string]: string | FromModule
          }
          /**
           * Fields to write behind what was there under their names. One whose value is missing is not written.
           */
          add?: {
            [k: string]: string | FromModule | (string | FromModule)[]
          }
          /**
           * Whether what `set` and `add` write stands in the proxy's own error answers too, which pass no filter on their way back. Values are then made before the request goes on. Default false.
           */
          on_errors?: boolean
        }
      }
      /**
       * Tells clients to use nothing but HTTPS with this host from now on.
       */
      hsts?: {
        /**
         * How long clients remember it. 0 makes them forget. Default two years, as Mozilla recommends.
         */
        max_age?: Duration
        /**
         * Whether it is so for all names below this one as well. Default false.
         */
        include_sub_domains?: boolean
        /**
         * Whether browsers may have the name built in. Default false. Needs `include_sub_domains` and a year, and cannot be taken back for months: see hstspreload.org.
         */
        preload?: boolean
      }
      /**
       * Asks the authorization server whether a bearer token is good (RFC 7662), and refuses all requests without a good one.
       */
      introspect?: {
        /**
         * The introspection endpoint: an `https` address (`http` only for this machine), or `{ service, path }` with a pool or a handler.
         */
        endpoint:
          | string
          | {
              service:
                | string
                | {
                    upstream: string
                  }
                | FromModule
              path: string
            }
        /**
         * How the proxy shows who it is: by `clientId` and `clientSecret` (RFC 6749 section 2.3.1), as `Basic` or, with `method: 'post'`, within the form; or by a `bearer` token of its own. Left out where the pool's TLS certificate says it. Default none.
         */
        auth?:
          | {
              client_id: string
              client_secret: string
              method?: 'basic' | 'post'
            }
          | {
              bearer: string
            }
        /**
         * Scopes that a token must have, all of them, else 403 `access_denied`. Default none.
         */
        scopes?: string[]
        /**
         * Whom a token must be for: one of these is its `aud`, or in it; else 401. Default: it is not looked at.
         */
        audience?: string | string[]
        /**
         * Whether the token goes on to the service. Default true.
         */
        forward?: boolean
        /**
         * Of the challenge in a refusal. Default `api`.
         */
        realm?: string
        /**
         * The longest token that is looked at, in characters. Default 4096.
         */
        max_token_length?: number
        /**
         * How long an answer is kept, at most until `exp`: so long a token that was revoked goes on working. Default 1 minute.
         */
        cache?: Duration
        /**
         * How long it is kept that a token is not active. Default 10 s.
         */
        cache_inactive?: Duration
        /**
         * Answers that are kept, of 2 KiB on average: fewer where they are larger. Default 10 000.
         */
        cache_max?: number
        /**
         * How long the endpoint may take. Default 5 s.
         */
        timeout?: Duration
      }
      /**
       * Lets clients pass by their address, and refuses all others with 403 `access_denied`.
       */
      ip_filter?: {
        /**
         * Addresses and CIDR ranges that may pass, and no others: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. `loopback` and `private` name the usual ranges. Default: everyone.
         */
        allow?: string[]
        /**
         * Addresses and ranges that may not pass, also where `allow` has them. Default none.
         */
        deny?: string[]
        /**
         * The address that is looked at. What it gives, if it is no address, is refused. Default `exchange.client.address`, which is the client's as far as trusted proxies say; `({ client }) => client.peer.address` looks at the connection instead.
         */
        address?: FromModule
      }
      /**
       * Changes JSON documents, of requests, of responses or of both, by functions that are given what they say.
       */
      json?: {
        /**
         * Changes the document of a request. Default: nothing is read of requests.
         */
        request?: FromModule
        /**
         * Changes the document of a response. Default: nothing is read of responses.
         */
        response?: FromModule
        /**
         * What a document may have, in bytes. Default `'1mb'`. Each is held whole while it is changed.
         */
        max_size?: Size
      }
      /**
       * Lets through only requests with a JSON Web Token that is good, and tells filters and services what it says.
       */
      jwt?: {
        /**
         * The algorithms that tokens may be signed with, such as `['RS256', 'ES256']`. There is no default: what a token says of itself must not decide how it is checked. Either those of a shared secret (`HS…`) or those of public keys, never both.
         *
         * @minItems 1
         */
        algorithms: (
          | 'HS256'
          | 'HS384'
          | 'HS512'
          | 'RS256'
          | 'RS384'
          | 'RS512'
          | 'PS256'
          | 'PS384'
          | 'PS512'
          | 'ES256'
          | 'ES384'
          | 'ES512'
          | 'EdDSA'
          | 'Ed25519'
        )[]
        /**
         * Who must have issued a token: one of these is its `iss`. `false` takes tokens of everyone who has a key.
         */
        issuer: (string | string[]) | false
        /**
         * Whom a token must be for: one of these is its `aud`, or in it. `false` takes tokens that are for others.
         */
        audience: (string | string[]) | false
        /**
         * Where the issuer publishes its keys: the `https` address of a JWK set (`http` only for this machine), or a service and the path of the set there. Either this or `keys`.
         */
        jwks?:
          | string
          | {
              service:
                | string
                | {
                    upstream: string
                  }
                | FromModule
              path: string
            }
        /**
         * The keys themselves: PEM of a public key or a certificate, a JWK or a set of them, Node's or the Web's object of a key; for `HS…` the secret, as bytes or as text, at least as long as the hash (32, 48 or 64 bytes). Either this or `jwks`.
         */
        keys?:
          | (
              | string
              | FromModule
              | {
                  [k: string]: unknown
                }
            )
          | (
              | string
              | FromModule
              | {
                  [k: string]: unknown
                }
            )[]
        /**
         * Claims that a token must have beside `exp`, and `iss` and `aud` where they are checked. Default none.
         */
        required_claims?: string[]
        /**
         * Whether a token must say when it expires. Default true; without it, one that gets into wrong hands is good for ever.
         */
        require_expiry?: boolean
        /**
         * The type that a token's header must name, such as `at+jwt` (RFC 9068). Default: any, also ID tokens.
         */
        typ?: string
        /**
         * How far the issuer's clock may be off when `exp`, `nbf` and `iat` are compared. Default 5 s.
         */
        clock_tolerance?: Duration
        /**
         * Scopes that a token must have, all of them, in `scope` or `scp`; else 403. Default none.
         */
        scopes?: string[]
        /**
         * Roles of which a token must have one at least; else 403. Default none.
         */
        roles?: string[]
        /**
         * The claim that lists the roles: its name, or the way to it, such as `['realm_access', 'roles']`. Default `roles`.
         */
        roles_claim?: string | string[]
        /**
         * Says of each request whether the token entitles to it; anything but `true` is 403. Default: it does.
         */
        allow?: FromModule
        /**
         * Says of each request, also of a token that is known, whether it was revoked; anything but `false` is 401. Default: none is. Where it fails, the answer is 503 `identity_unavailable`.
         */
        is_revoked?: FromModule
        /**
         * Where the token is looked for: `'authorization'` (`Authorization: Bearer …`), `{ header }` (a field that holds it alone), `{ cookie }`, `{ query }`, or a list of these. A request with two tokens is refused. Default `'authorization'`.
         */
        from?:
          | (
              | 'authorization'
              | (
                  | {
                      header: string
                    }
                  | {
                      query: string
                    }
                  | {
                      cookie: string
                    }
                )
            )
          | (
              | 'authorization'
              | (
                  | {
                      header: string
                    }
                  | {
                      query: string
                    }
                  | {
                      cookie: string
                    }
                )
            )[]
        /**
         * Whether requests without a token pass, without claims. One with a bad token never does. Default false.
         */
        optional?: boolean
        /**
         * Whether the service gets the token. Default true.
         */
        forward?: boolean
        /**
         * Fields by which the service is told of claims, such as `{ 'x-user': 'sub' }`; a claim within others is named by a list. What clients send under these names is removed, whatever else happens. Default none.
         */
        claims_to_headers?: {
          [k: string]: string | string[]
        }
        /**
         * The `realm` of `WWW-Authenticate`. Default `api`.
         */
        realm?: string
        /**
         * The longest token that is looked at, in characters. Default 8192.
         */
        max_token_length?: number
        /**
         * What tokens that were verified may take together; those used longest ago go first. A token counts as four times its length and 512 bytes, about what it and its claims take. 0 verifies each time. Default 8 MiB.
         */
        cache_size?: Size
        /**
         * How long keys of `jwks` are used before they are fetched again. Default 10 min.
         */
        refresh?: Duration
        /**
         * While this has not gone by since a key that is not known was last asked for, none is asked for again. Default 10 s.
         */
        cool_down?: Duration
        /**
         * How long beyond `refresh` keys are used on while there are no new ones to be had. Default 24 h.
         */
        max_stale?: Duration
        /**
         * How long one fetch of the keys may take. Default 5 s.
         */
        fetch_timeout?: Duration
        /**
         * Told each time that the keys cannot be fetched. Default: a line on standard error.
         */
        on_fetch_failure?: FromModule
        /**
         * What lists of filters show. Default `jwt`.
         */
        name?: string
      }
      /**
       * Turns away a part of what comes, the least important first, while the proxy itself has too much to do.
       */
      load_shedding?: {
        /**
         * The proxy is overloaded when everything in it waits for longer than this, for a whole interval. Default 20 ms.
         */
        target?: Duration
        /**
         * How long that must last, and how often the share that is shed is set anew. Default 200 ms.
         */
        interval?: Duration
        /**
         * From 0 (dispensable) to 1: the least important is shed first. Only the order counts. What is no number counts as 0. Default 1 for all; then chance decides.
         */
        priority?: FromModule
        /**
         * The delay in milliseconds, where it is measured elsewhere: by `monitorEventLoopDelay`, say. Asked when an exchange comes, at most twice in `target`. What is no number counts as 0. Default: how late timers fire while exchanges come.
         */
        delay?: FromModule
        /**
         * What lists of filters show. Default `load_shedding`.
         */
        name?: string
      }
      /**
       * Counts what a proxy does, for Prometheus: exchanges, attempts, retries, ejections, connections, limits, caches, the event loop.
       */
      metrics?: {
        /**
         * Upper bounds of the buckets of both histograms, in seconds, ascending. Default: those of OpenTelemetry, 5 ms to 10 s.
         *
         * @minItems 1
         */
        buckets?: number[]
        /**
         * Series of each metric, at most. What is counted and has no room goes to one series more, whose labels are all `overflow`; what is read at a scrape, such as the state of an endpoint, is left out. `proxy_metrics_overflow_total` says how much that is. Default 10 000.
         */
        max_series?: number
        /**
         * A registry of prom-client that the metrics are put in. What else is in it is shown too. Default: a new one.
         */
        registry?: FromModule
        /**
         * What lists of filters show. Default `metrics`.
         */
        name?: string
      }
      /**
       * Sends copies of requests to another service as well, and drops what that answers: a new version tried with real traffic.
       */
      mirror?: {
        /**
         * Where copies go: a pool, a handler, or the address of a service such as `'http://shadow:8080'`.
         */
        to:
          | string
          | {
              upstream: string
            }
          | FromModule
        /**
         * The share of requests that are copied, from 0 to 1, drawn by `exchange.random`. Default 1: all.
         */
        share?: number
        /**
         * Which requests are copied at all: only `true` is yes. Default all. Where it throws, the request is not.
         */
        when?: FromModule
        /**
         * Content up to this size is copied; of a longer request, no copy is sent. Default 64 KiB; 0 copies requests without content alone.
         */
        max_body_size?: Size
        /**
         * How long a copy may take, from its begin to the end of its response. Default 5 s.
         */
        timeout?: Duration
        /**
         * Copies under way at once; past that, requests are not copied. Default 100.
         */
        max_in_flight?: number
        /**
         * Fields that copies do not have, `['authorization', 'cookie']` for example. Default none.
         */
        remove_headers?: string[]
      }
      proxy_status?: {
        /**
         * What the proxy calls itself: its host name, or a name for all of its kind. Printable ASCII. Default `gatewright`.
         */
        name?: string
        /**
         * Whether host and port of the endpoint are told, as `next-hop`. Default false: they are of the inside.
         */
        next_hop?: boolean
        /**
         * Whether the status that the service gave is told, as `received-status`. Default false.
         */
        received?: boolean
        /**
         * Whether error answers say more in words, as `details`: the error and its cause. Default false: they may be of the inside.
         */
        details?: boolean
      }
      /**
       * Refuses requests of a client that has had its share: 429 `rate_limited`, with `Retry-After`.
       */
      rate_limit?: {
        /**
         * Units that each key may have in `per`: requests, unless `cost` says otherwise. A whole number. Required without `rules`.
         */
        limit?: number
        /**
         * The time that the limit is for, in whole milliseconds: `'1s'`, `'1m'`, `'1d'`. Required without `rules`.
         */
        per?: Duration
        /**
         * How it counts. `token-bucket` (default): units come back evenly, and up to `burst` may be had at once. `gcra`: the same, with a `burst` of 1 unless given, so that requests are spaced evenly. `sliding-window`: no stretch of time as long as `per` has more than `limit`; keeps the time of each request, so `limit` is 10 000 at most. `sliding-window-counter`: nearly that, from two counters. `fixed-window`: one counter for a window that begins with a key's first request; up to twice the limit may come around its end.
         */
        algorithm?: 'token-bucket' | 'gcra' | 'sliding-window' | 'sliding-window-counter' | 'fixed-window'
        /**
         * Units that may be had at once by a key that was idle. Of `token-bucket` and `gcra` alone. Default `limit`, and 1 for `gcra`.
         */
        burst?: number
        /**
         * What is counted apart: the client's `'address'` (default), the `'route'`, `'all'` requests together, `{ header: 'x-api-key' }`, `{ claim: 'sub', of: claims }` where an earlier filter sets that attribute (`claims` of `jwt`), a function of the exchange that returns a text, or a list of two of these. Requests for which it gives nothing count together, as one key.
         */
        key?:
          | (
              | ('address' | 'route' | 'all')
              | {
                  header: string
                }
              | {
                  claim: string
                }
              | FromModule
            )
          | (
              | ('address' | 'route' | 'all')
              | {
                  header: string
                }
              | {
                  claim: string
                }
              | FromModule
            )[]
        /**
         * How many bits of an IPv6 address make a client, 1 to 128. Default 64: one network, of which a client may use any address.
         */
        ipv6_prefix?: number
        /**
         * What the rule is called in fields and stores: letters, digits, `-`, `_` and `.`. Default `default`; required for each of several.
         */
        name?: string
        /**
         * Several rules in place of one; 16 at most, each with a `name` of its own. A request must be admitted by all of them.
         *
         * @minItems 1
         */
        rules?: {
          /**
           * Units that each key may have in `per`: requests, unless `cost` says otherwise. A whole number. Required without `rules`.
           */
          limit: number
          /**
           * The time that the limit is for, in whole milliseconds: `'1s'`, `'1m'`, `'1d'`. Required without `rules`.
           */
          per: Duration
          /**
           * How it counts. `token-bucket` (default): units come back evenly, and up to `burst` may be had at once. `gcra`: the same, with a `burst` of 1 unless given, so that requests are spaced evenly. `sliding-window`: no stretch of time as long as `per` has more than `limit`; keeps the time of each request, so `limit` is 10 000 at most. `sliding-window-counter`: nearly that, from two counters. `fixed-window`: one counter for a window that begins with a key's first request; up to twice the limit may come around its end.
           */
          algorithm?: 'token-bucket' | 'gcra' | 'sliding-window' | 'sliding-window-counter' | 'fixed-window'
          /**
           * Units that may be had at once by a key that was idle. Of `token-bucket` and `gcra` alone. Default `limit`, and 1 for `gcra`.
           */
          burst?: number
          /**
           * What is counted apart: the client's `'address'` (default), the `'route'`, `'all'` requests together, `{ header: 'x-api-key' }`, `{ claim: 'sub', of: claims }` where an earlier filter sets that attribute (`claims` of `jwt`), a function of the exchange that returns a text, or a list of two of these. Requests for which it gives nothing count together, as one key.
           */
          key?:
            | (
                | ('address' | 'route' | 'all')
                | {
                    header: string
                  }
                | {
                    claim: string
                  }
                | FromModule
              )
            | (
                | ('address' | 'route' | 'all')
                | {
                    header: string
                  }
                | {
                    claim: string
                  }
                | FromModule
              )[]
          /**
           * How many bits of an IPv6 address make a client, 1 to 128. Default 64: one network, of which a client may use any address.
           */
          ipv6_prefix?: number
          /**
           * What the rule is called in fields and stores: letters, digits, `-`, `_` and `.`. Default `default`; required for each of several.
           */
          name?: string
        }[]
        /**
         * Units that a request takes, of each rule: a whole number, or a function of the exchange. 0: it is not counted, and always admitted. More than a rule's burst is never admitted. Default 1.
         */
        cost?: number | FromModule
        /**
         * Where the counts are: `redisStore({ client })` for several machines, or one of your own. Default `memoryStore()`.
         */
        store?:
          | {
              memory: {
                /**
                 * Keys of each rule that are counted apart. Each takes 500 bytes at most, and 640 more where a `sliding-window` logs. Default 100 000.
                 */
                max_keys?: number
              }
            }
          | {
              redis: {
                /**
                 * The client that commands are sent with: of `redis` (node-redis, its cluster client too), `ioredis` or `iovalkey`. It is yours: you connect it, listen to its errors, and close it.
                 */
                client: FromModule
                /**
                 * What each key in Redis begins with; no braces. Default `gatewright:`.
                 */
                prefix?: string
                /**
                 * How long a decision may take. Default 100 ms.
                 */
                timeout?: Duration
                /**
                 * Decisions that may be under way at once, late ones included; others cannot be made. Default 1 000.
                 */
                max_pending?: number
                /**
                 * A Redis that has failed five times in a row is asked again only after so long, by one request. Default 1 s.
                 */
                retry?: Duration
                /**
                 * Takes several units at a time and spends them in this process. Default: none, each decision asks Redis.
                 */
                lease?: {
                  units: number
                  for?: Duration
                  max_keys?: number
                }
              }
            }
          | FromModule
        /**
         * What becomes of requests while the store cannot decide: `admit` them without counting (default), or `refuse` them with 503 `limiter_unavailable`.
         */
        when_unavailable?: 'admit' | 'refuse'
        /**
         * Told each time when the store could not decide. What it throws is reported, and changes nothing.
         */
        on_unavailable?: FromModule
        /**
         * What clients are told: `standard` (default) is `RateLimit` and `RateLimit-Policy`; `legacy` is `X-RateLimit-Limit`, `-Remaining` and `-Reset`, in seconds from now, of the rule that is nearest to its limit; `both`, or `none`.
         */
        fields?: 'standard' | 'legacy' | 'both' | 'none'
      }
      /**
       * Sends the client elsewhere.
       */
      redirect?: {
        to: string | FromModule
        /**
         * 308 and 307 keep the method, permanently and for now; 301 and 302 let clients make a GET of a POST; 303 asks for a GET. Default 308.
         */
        status?: 301 | 302 | 303 | 307 | 308
        /**
         * Whether the query of the request is added, where the new address has none of its own. Default true.
         */
        preserve_query?: boolean
      }
      /**
       * Sends clients that came without TLS to the same address with it.
       */
      redirect_to_https?: {
        /**
         * Where HTTPS is served. Default 443, which is not written.
         */
        port?: number
        /**
         * 308 and 307 keep the method, permanently and for now; with 301 and 302 clients may make a GET of it. Default 308.
         */
        status?: 301 | 302 | 307 | 308
      }
      /**
       * Replaces texts in the content of responses, and by option of requests, as it goes by.
       */
      replace_text?: {
        /**
         * @minItems 1
         */
        pairs: {
          from: string
          to: string
        }[]
        /**
         * Whether the content of requests is changed on its way to the service. Default `false`.
         */
        requests?: boolean
        /**
         * Whether the content of responses is changed on its way to the client. Default `true`.
         */
        responses?: boolean
        /**
         * Media types of the content that is changed, such as `text/html`, `text/*`, `application/*+json`. Default: text, JSON, XML, JavaScript, SVG, and what is a kind of these.
         */
        types?: string | string[]
      }
      request_id?: {
        /**
         * The field that carries the id. Default `X-Request-Id`.
         */
        header?: string
        /**
         * Whose ids are kept: `trusted`, those of peers that are among the listener's `trusted_proxies`; `anyone`, where every client may choose what stands in your logs; `nobody`. Default `trusted`.
         */
        accept?: 'trusted' | 'anyone' | 'nobody'
        /**
         * Characters that an accepted id may have. A longer one counts as none. Default 128.
         */
        max_length?: number
        /**
         * Makes an id. What it gives must be of the same syntax as an accepted one; anything else fails the exchange with 500 `internal_error`. Default: `exchange.id`.
         */
        generate?: FromModule
        /**
         * Whether clients are told the id, in responses and in error answers. Default true.
         */
        respond?: boolean
      }
      /**
       * Gives the service another path than the client has asked for.
       */
      rewrite?: {
        from: string
        to: string | FromModule
        case_sensitive?: boolean
      }
      /**
       * Makes addresses in responses such as clients can use: in `Location`, `Content-Location` and `Refresh`.
       */
      rewrite_location?: {
        /**
         * Origins by which services call themselves, beside those that are known anyway: the address of the endpoint that answered, and the host that the client asked for. Scheme is ignored, port is not. Default none.
         */
        internal?: string | string[]
        /**
         * What is written in their place: an origin such as `https://shop.example`. Default none: only the path is left, which clients take for one of the address that they asked for.
         */
        public_origin?: string
        /**
         * Where paths of services are found from outside, by their first segments: `{ '/': '/api' }` for a service whose `/login` is `/api/login` to clients. The longest that fits counts. Default: what filters within have taken off the front of the path of the request, as `strip_prefix` does.
         */
        prefixes?: {
          [k: string]: string
        }
      }
      /**
       * Says to browsers what pages may do and who may frame them, and removes what tells attackers about the service.
       */
      security_headers?: {
        /**
         * `Content-Security-Policy`. Where it holds `{nonce}`, as in `script-src 'nonce-{nonce}'`, each request gets a nonce of its own, which the service is told in `nonce_header`. Default: none but for what `frame` adds.
         */
        content_security_policy?: string | false
        /**
         * `Content-Security-Policy-Report-Only`: what would be broken is reported, and nothing is. With `{nonce}` too. Default none.
         */
        content_security_policy_report_only?: string | false
        /**
         * The field of the request that tells the service the nonce. What a client sends in it is removed. Default `X-CSP-Nonce`.
         */
        nonce_header?: string
        /**
         * Who may show the pages in a frame: nobody (`deny`), pages of the same origin, or a list of origins. It becomes `frame-ancestors` of the policy, and `X-Frame-Options` where that has a word for it. `false`: not said. Default `same-origin`.
         */
        frame?: ('deny' | 'same-origin' | false) | string[]
        /**
         * `X-Content-Type-Options: nosniff`: browsers believe the `Content-Type`. Default true.
         */
        no_sniff?: boolean
        /**
         * `Referrer-Policy`. Default `strict-origin-when-cross-origin`, which says so to old browsers too.
         */
        referrer_policy?: string | false
        /**
         * `Permissions-Policy`, such as `camera=(), geolocation=(self)`. Default none.
         */
        permissions_policy?: string | false
        /**
         * `Cross-Origin-Opener-Policy`. `same-origin` breaks log-ins that open a window of another site. Default none.
         */
        opener_policy?:
          | 'same-origin'
          | 'same-origin-allow-popups'
          | 'noopener-allow-popups'
          | 'unsafe-none'
          | false
        /**
         * `Cross-Origin-Embedder-Policy`. Default none.
         */
        embedder_policy?: 'require-corp' | 'credentialless' | 'unsafe-none' | false
        /**
         * `Cross-Origin-Resource-Policy`: which sites may have the content as an image or a script. Default none.
         */
        resource_policy?: 'same-origin' | 'same-site' | 'cross-origin' | false
        /**
         * Fields of the service that are removed. Default `Server`, `X-Powered-By`, `X-AspNet-Version`, `X-AspNetMvc-Version`.
         */
        remove?: string[]
        /**
         * Whether a field that the service has set itself is replaced. Default false: what it says of its own pages counts.
         */
        override?: boolean
      }
      /**
       * Says in `Server-Timing` where the time went until the head of the response was there, for the tools of browsers.
       */
      server_timing?: {
        /**
         * Who is told: `trusted`, peers that are among the listener's `trusted_proxies`, and clients on this machine; or `everyone`. Default `trusted`.
         */
        to?: 'trusted' | 'everyone'
      }
      /**
       * Has exchanges answered by one of several targets, by weight: a few go to the canary, the rest to what is known to work.
       */
      split?: {
        /**
         * @minItems 1
         */
        arms: {
          /**
           * What answers: a pool, a handler, or the address of a service.
           */
          to:
            | string
            | {
                upstream: string
              }
            | FromModule
          /**
           * Its part of the exchanges, beside the weights of the other arms. 0 for those that `when` sends there alone.
           */
          weight: number
          /**
           * What `splitArm` says. Default: the name of the pool or of the handler's function, or the address. Every pool without a name is called `pool`, so of two such, one arm at least needs a name here.
           */
          name?: string
          /**
           * Exchanges that come here whatever the weights say: those with a header, a claim, or anything else that can be told at once. The first arm of which that is true has them; only `true` is yes. Default none.
           */
          when?: FromModule
        }[]
        /**
         * What the choice goes by: a user's id, for example. The same key has the same arm, on each proxy, as long as the weights stay. Exchanges without a key (`undefined`) are split by `cookie`, or by chance. Default: none has a key.
         */
        by?: FromModule
        /**
         * Splits of different salts have nothing to do with each other, also where their keys are the same. Default `''`.
         */
        salt?: string
        /**
         * Keeps a browser at its arm by a cookie, which holds a number that was drawn for it. `true` for the cookie `__Host-split`; options for another one. Default false.
         */
        cookie?:
          | boolean
          | {
              /**
               * Its name. One that begins with `__Host-` promises browsers that no other host can have set it.
               */
              name?: string
              /**
               * Paths that it is for. Default `/`.
               */
              path?: string
              /**
               * The domain that it is for, with all names below it. Default: the very host that the client asked for.
               */
              domain?: string
              /**
               * How long browsers keep it. Default: as long as their session lasts.
               */
              max_age?: Duration
              /**
               * Whether it goes over HTTPS alone. Default true; browsers take `http://localhost` for safe.
               */
              secure?: boolean
              /**
               * Whether it is hidden from scripts of the page. Default true.
               */
              http_only?: boolean
              /**
               * Whether requests that other sites cause have it. Default `lax`.
               */
              same_site?: 'strict' | 'lax' | 'none'
            }
      }
      /**
       * Keeps the requests of a session at one endpoint of a pool, for services that keep sessions in memory.
       */
      sticky?: {
        /**
         * Secrets of at least 32 bytes (text as UTF-8), the same on all proxies. The first signs, all are believed: to rotate, put the new one in front, and take the old one away when its sessions are over.
         */
        keys: string | string[]
        /**
         * The cookie that the session is kept in. Default `__Host-affinity`, for the whole host, over HTTPS alone, until the browser ends.
         */
        cookie?: {
          /**
           * Its name. One that begins with `__Host-` promises browsers that no other host can have set it.
           */
          name?: string
          /**
           * Paths that it is for. Default `/`.
           */
          path?: string
          /**
           * The domain that it is for, with all names below it. Default: the very host that the client asked for.
           */
          domain?: string
          /**
           * How long browsers keep it. Default: as long as their session lasts.
           */
          max_age?: Duration
          /**
           * Whether it goes over HTTPS alone. Default true; browsers take `http://localhost` for safe.
           */
          secure?: boolean
          /**
           * Whether it is hidden from scripts of the page. Default true.
           */
          http_only?: boolean
          /**
           * Whether requests that other sites cause have it. Default `lax`.
           */
          same_site?: 'strict' | 'lax' | 'none'
        }
        /**
         * In place of a cookie: the field of a response that names the endpoint, which the client sends back as it is. For clients that keep no cookies. Default none.
         */
        header?: string
        /**
         * What becomes of a session whose endpoint is gone, unhealthy, ejected, drained or has failed. `pick`: another endpoint is picked, and the session stays with that one. `fail`: 503 `no_endpoint`, until the endpoint is back; attempts of `retry` are made there alone. Default `pick`.
         */
        if_gone?: 'pick' | 'fail'
      }
      /**
       * Says how long an exchange may be silent, for streams of events and of gRPC on which nothing may come for long.
       */
      stream_idle_timeout?: {
        idle: Duration | 'unlimited'
      }
      /**
       * Takes a prefix off the path that the service sees.
       */
      strip_prefix?: {
        prefix: string
        case_sensitive?: boolean
      }
      /**
       * Traces exchanges with OpenTelemetry: a `SERVER` span for each, and a `CLIENT` span for each attempt at an endpoint, by the stable conventions for HTTP.
       */
      tracing?: {
        /**
         * Who makes spans. Default: whoever is registered with `@opentelemetry/api`, also later than this filter is made.
         */
        tracer_provider?: FromModule
        /**
         * Whose traces are continued: `trusted`, those of peers that are among the listener's `trusted_proxies`; `anyone`, where every client may choose what is sampled; `nobody`. In place of another's, a new trace begins, with a link to it. Default `trusted`.
         */
        accept?: 'trusted' | 'anyone' | 'nobody'
        /**
         * The fields that traces are read from and written to: `w3c` (`traceparent`, `tracestate`), `b3` in one field, `b3-multi` (`X-B3-TraceId` and so on). Of several, the first that is there is read, and all are written. Default `w3c`.
         */
        propagation?: ('w3c' | 'b3' | 'b3-multi') | ('w3c' | 'b3' | 'b3-multi')[]
        /**
         * Whose `baggage` is passed on; that of others is removed. Default as `accept`.
         */
        baggage?: 'trusted' | 'anyone' | 'nobody'
        /**
         * Fields of requests that are recorded; those known to hold credentials cannot be, such as `Cookie`. Default none.
         */
        request_headers?: string[]
        /**
         * Fields of responses that are recorded; the same cannot be. Default none.
         */
        response_headers?: string[]
        /**
         * Names of a query whose values are recorded; the other values are `REDACTED`. An empty list shows names alone. Default: no query is recorded, since queries hold secrets.
         */
        query?: string[]
        /**
         * Methods that may stand in names of spans; any other one is `HTTP`. Default those of RFC 9110, and `PATCH`.
         */
        known_methods?: string[]
        /**
         * Which requests have no spans: only `true` is yes. Their traces are passed on. Default none.
         */
        ignore?: FromModule
      }
      /**
       * Lets only requests through that are as JSON Schemas say: content, and by option query, route parameters and fields.
       */
      validate?: {
        /**
         * Of the content, which must then be there and be JSON.
         */
        body?:
          | boolean
          | {
              [k: string]: unknown
            }
        /**
         * Of the query, as an object. A name that stands there more than once has a list of its values.
         */
        query?:
          | boolean
          | {
              [k: string]: unknown
            }
        /**
         * Of the route's `:params`, as an object.
         */
        params?:
          | boolean
          | {
              [k: string]: unknown
            }
        /**
         * Of the fields, as an object with names in lower case.
         */
        headers?:
          | boolean
          | {
              [k: string]: unknown
            }
        /**
         * What the content may have, in bytes. Default `'1mb'`. It is held whole while it is checked.
         */
        max_size?: Size
        /**
         * How many faults an answer names, from 1 to 100. Default 10.
         */
        max_faults?: number
      }
      /**
       * Shows each message of a WebSocket to a function, finds dead connections, and says goodbye when the proxy drains.
       */
      websocket?: {
        /**
         * Is shown every message, of both sides, before it goes on; messages of one side one after the other. Returns nothing to pass it on, another message to pass on in its place, or `false` to drop it. Default: all go on.
         */
        on_message?: FromModule
        /**
         * The largest message, also once it is expanded; it is closed with 1009 for a larger one. At most 1 GiB. Default 1 MiB.
         */
        max_message_size?: Size
        /**
         * Messages of one side that may wait for `on_message` or for the other side, as long as they weigh no more than `max_message_size` together. At the limit, nothing more is read. Default 16.
         */
        max_queued?: number
        /**
         * Whether client and service may agree on compression (`permessage-deflate`). Default `true`.
         */
        compression?: boolean
        /**
         * A side that has sent nothing for so long is sent a ping. Default: none is.
         */
        ping?: Duration | 'unlimited'
        /**
         * How long nothing may come after a ping before both sides are closed. Only with `ping`. Default 20 s.
         */
        ping_timeout?: Duration
      }
    }
  | FromModule
)[]
/**
 * @minItems 1
 */
export type Routes = {
  /**
   * `/api`, `/users/:id`, `/files/*`: a prefix by segment. Default: every path.
   */
  path?: string
  /**
   * Nothing may follow `path`. Default `false`.
   */
  exact?: boolean
  /**
   * `api.example.com`, `*.example.com` (one label or more), with `:port` where the port matters.
   */
  host?: string
  /**
   * `GET` stands for `HEAD` too.
   */
  methods?: string[]
  /**
   * All of them. Of a field on several lines, one line must match.
   */
  headers?: {
    [k: string]:
      | string
      | true
      | {
          regexp: string
          flags?: string
        }
  }
  /**
   * All of them, form-decoded. Of a name that stands there several times, one value must match.
   */
  query?: {
    [k: string]:
      | string
      | true
      | {
          regexp: string
          flags?: string
        }
  }
  /**
   * All of them, not decoded. Of a name that stands there several times, one value must match.
   */
  cookies?: {
    [k: string]:
      | string
      | true
      | {
          regexp: string
          flags?: string
        }
  }
  filters?: Filters
  upstream?: string
  respond?: {
    status: number
    body?: string
    json?: unknown
    headers?: {
      [k: string]: string | string[]
    }
  }
  module?: string
  routes?: Routes
}[]

export interface GatewayConfig {
  $schema?: string
  include?: string[]
  proxy: {
    listen?:
      | {
          address?: string
          /**
           * 0 takes a free one. Default 8080.
           */
          port?: number
          /**
           * Proxies in front of this one whose forwarding fields are believed: addresses and CIDR ranges, `'loopback'`, `'private'`. Default none: what a client says of itself is replaced.
           */
          trusted_proxies?: string[]
          /**
           * The field in which they say whom they speak for. Default `'x-forwarded-for'`. The other one is not believed: a proxy that does not write it passes on what the client sent.
           */
          trusted_field?: 'x-forwarded-for' | 'forwarded'
          /**
           * The PROXY protocol, versions 1 and 2, of proxies in front of this one that carry connections on: each of theirs begins with a header that says who has connected to them. Default none.
           */
          proxy_protocol?: {
            /**
             * Proxies in front of this one that begin each connection with a header: addresses and CIDR ranges, `'loopback'`, `'private'`. At least one. A connection from elsewhere is served as what it is, and a header on it is no header.
             */
            from: string[]
          }
          /**
           * Sizes, times and counts that a client may not exceed. Each has a default: see `LimitOptions`.
           */
          limits?: {
            /**
             * Start line and header fields of a request together. Default 16 KiB; past it 431.
             */
            head_size?: Size
            /**
             * Header fields of a request. Default 100; past it 431.
             */
            headers?: number
            /**
             * The request target. Default 8 KiB; past it 414.
             */
            target_size?: Size
            /**
             * A request body. Default 1 GiB; `unlimited` for no limit; past it 413.
             */
            body_size?: Size | 'unlimited'
            /**
             * Extensions of one chunk. Default 256 bytes; past it 400.
             */
            chunk_extension_size?: Size
            /**
             * The trailer section of a request. Default 8 KiB; past it 431.
             */
            trailer_size?: Size
            /**
             * Trailer fields. Default 64; past it 431.
             */
            trailers?: number
            /**
             * From the first byte of a head, or from a new connection, to the end of the head. Default 15 s; past it 408.
             */
            head?: Duration
            /**
             * Between two looks at a request body's progress. Default 30 s.
             */
            body_idle?: Duration
            /**
             * The least progress of a request body over `body_idle`. Default 240 bytes per second, as in Kestrel; past it 408.
             */
            min_body_bytes_per_second?: number
            /**
             * A response of which the client takes no further piece (of up to 128 KiB). Default 60 s; past it the connection is reset.
             */
            send_idle?: Duration
            /**
             * Between two requests. Default 60 s; past it the connection is closed.
             */
            keep_alive?: Duration
            /**
             * Bytes read ahead of what is being served: pipelined requests, a body that nobody reads yet. Default 64 KiB.
             */
            read_ahead_size?: Size
            /**
             * What is read and dropped of a request body that nobody wanted, to keep the connection. Default 64 KiB.
             */
            drain_size?: Size
            /**
             * How long a closing connection waits for the client to read our last answer. Default 2 s.
             */
            linger?: Duration
            /**
             * What is read and dropped meanwhile. Default 1 MiB.
             */
            linger_size?: Size
            /**
             * Open connections of one listener, those in a TLS handshake included. Default 20 000; past it new ones are closed at once.
             */
            connections?: number | 'unlimited'
            /**
             * The TLS handshake of a new connection. Default 10 s; past it the connection is closed.
             */
            handshake?: Duration
            /**
             * TLS handshakes under way. Default 1000; past it the one that has lasted the longest is closed.
             */
            handshakes?: number | 'unlimited'
          }
          /**
           * TLS: a certificate with its key, as files or PEM, or several of them by the names of servers. Default none.
           */
          tls?:
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                /**
                 * @minItems 1
                 */
                certificates: {
                  /**
                   * PEM: the certificate, and behind it those between it and the authority.
                   */
                  cert_file?: string
                  /**
                   * PEM.
                   */
                  key_file?: string
                  /**
                   * What the authority says of it (OCSP), in DER: stapled where a client asks for it.
                   */
                  ocsp_file?: string
                  cert?: string
                  key?: string
                  passphrase?: string
                  names?: string[]
                }[]
              }
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                cert_file?: string
                key_file?: string
                ocsp_file?: string
                cert?: string
                key?: string
                passphrase?: string
                names?: string[]
              }
          /**
           * HTTP/2, where a client speaks it: over TLS when both agree on it (ALPN), in clear text when it begins with it (prior knowledge). Default `true`; `false` speaks HTTP/1.1 alone.
           */
          http2?:
            | boolean
            | {
                /**
                 * Streams of one connection at a time; further ones are refused, and clients try again. From 1 to 10 000; default 128.
                 */
                streams?: number
                /**
                 * Of one request's body, what may come before it is read: 64 KiB to 16 MiB. Default 256 KiB.
                 */
                stream_window_size?: Size
                /**
                 * The same of all requests of a connection together: 64 KiB to 64 MiB. Default 1 MiB.
                 */
                connection_window_size?: Size
              }
          /**
           * Told of each connection that never came to a request, and why: for a log. Whoever connects decides how often that is, so write little. A reload with another function is no other listener.
           */
          on_connection_refused?: FromModule
        }
      | {
          address?: string
          /**
           * 0 takes a free one. Default 8080.
           */
          port?: number
          /**
           * Proxies in front of this one whose forwarding fields are believed: addresses and CIDR ranges, `'loopback'`, `'private'`. Default none: what a client says of itself is replaced.
           */
          trusted_proxies?: string[]
          /**
           * The field in which they say whom they speak for. Default `'x-forwarded-for'`. The other one is not believed: a proxy that does not write it passes on what the client sent.
           */
          trusted_field?: 'x-forwarded-for' | 'forwarded'
          /**
           * The PROXY protocol, versions 1 and 2, of proxies in front of this one that carry connections on: each of theirs begins with a header that says who has connected to them. Default none.
           */
          proxy_protocol?: {
            /**
             * Proxies in front of this one that begin each connection with a header: addresses and CIDR ranges, `'loopback'`, `'private'`. At least one. A connection from elsewhere is served as what it is, and a header on it is no header.
             */
            from: string[]
          }
          /**
           * Sizes, times and counts that a client may not exceed. Each has a default: see `LimitOptions`.
           */
          limits?: {
            /**
             * Start line and header fields of a request together. Default 16 KiB; past it 431.
             */
            head_size?: Size
            /**
             * Header fields of a request. Default 100; past it 431.
             */
            headers?: number
            /**
             * The request target. Default 8 KiB; past it 414.
             */
            target_size?: Size
            /**
             * A request body. Default 1 GiB; `unlimited` for no limit; past it 413.
             */
            body_size?: Size | 'unlimited'
            /**
             * Extensions of one chunk. Default 256 bytes; past it 400.
             */
            chunk_extension_size?: Size
            /**
             * The trailer section of a request. Default 8 KiB; past it 431.
             */
            trailer_size?: Size
            /**
             * Trailer fields. Default 64; past it 431.
             */
            trailers?: number
            /**
             * From the first byte of a head, or from a new connection, to the end of the head. Default 15 s; past it 408.
             */
            head?: Duration
            /**
             * Between two looks at a request body's progress. Default 30 s.
             */
            body_idle?: Duration
            /**
             * The least progress of a request body over `body_idle`. Default 240 bytes per second, as in Kestrel; past it 408.
             */
            min_body_bytes_per_second?: number
            /**
             * A response of which the client takes no further piece (of up to 128 KiB). Default 60 s; past it the connection is reset.
             */
            send_idle?: Duration
            /**
             * Between two requests. Default 60 s; past it the connection is closed.
             */
            keep_alive?: Duration
            /**
             * Bytes read ahead of what is being served: pipelined requests, a body that nobody reads yet. Default 64 KiB.
             */
            read_ahead_size?: Size
            /**
             * What is read and dropped of a request body that nobody wanted, to keep the connection. Default 64 KiB.
             */
            drain_size?: Size
            /**
             * How long a closing connection waits for the client to read our last answer. Default 2 s.
             */
            linger?: Duration
            /**
             * What is read and dropped meanwhile. Default 1 MiB.
             */
            linger_size?: Size
            /**
             * Open connections of one listener, those in a TLS handshake included. Default 20 000; past it new ones are closed at once.
             */
            connections?: number | 'unlimited'
            /**
             * The TLS handshake of a new connection. Default 10 s; past it the connection is closed.
             */
            handshake?: Duration
            /**
             * TLS handshakes under way. Default 1000; past it the one that has lasted the longest is closed.
             */
            handshakes?: number | 'unlimited'
          }
          /**
           * TLS: a certificate with its key, as files or PEM, or several of them by the names of servers. Default none.
           */
          tls?:
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                /**
                 * @minItems 1
                 */
                certificates: {
                  /**
                   * PEM: the certificate, and behind it those between it and the authority.
                   */
                  cert_file?: string
                  /**
                   * PEM.
                   */
                  key_file?: string
                  /**
                   * What the authority says of it (OCSP), in DER: stapled where a client asks for it.
                   */
                  ocsp_file?: string
                  cert?: string
                  key?: string
                  passphrase?: string
                  names?: string[]
                }[]
              }
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                cert_file?: string
                key_file?: string
                ocsp_file?: string
                cert?: string
                key?: string
                passphrase?: string
                names?: string[]
              }
          /**
           * HTTP/2, where a client speaks it: over TLS when both agree on it (ALPN), in clear text when it begins with it (prior knowledge). Default `true`; `false` speaks HTTP/1.1 alone.
           */
          http2?:
            | boolean
            | {
                /**
                 * Streams of one connection at a time; further ones are refused, and clients try again. From 1 to 10 000; default 128.
                 */
                streams?: number
                /**
                 * Of one request's body, what may come before it is read: 64 KiB to 16 MiB. Default 256 KiB.
                 */
                stream_window_size?: Size
                /**
                 * The same of all requests of a connection together: 64 KiB to 64 MiB. Default 1 MiB.
                 */
                connection_window_size?: Size
              }
          /**
           * Told of each connection that never came to a request, and why: for a log. Whoever connects decides how often that is, so write little. A reload with another function is no other listener.
           */
          on_connection_refused?: FromModule
        }[]
    upstreams?: {
      [k: string]:
        | (
            | string
            | {
                address?: string
                /**
                 * `http://host:port` or `https://host:port`. No path: use the `rewrite` filter for that. Of pools for `tcp()`: `tcp://host:port`, or `tls://host:port` where the connection to the service is encrypted.
                 */
                url?: string
                /**
                 * Its share, against the others'. A positive number, default 1.
                 */
                weight?: number
                /**
                 * Where it runs, for `preferZone`, balancers and logs.
                 */
                zone?: string
                /**
                 * The tier that it is of, a whole number. 0, the default, serves first; the others take what the tiers before them cannot carry.
                 */
                priority?: number
                /**
                 * What subsets are made by, such as `{ version: 'v2' }`.
                 */
                labels?: {
                  [k: string]: string
                }
                /**
                 * What it is called in logs and metrics, and hashed by. Default the url.
                 */
                id?: string
                /**
                 * Where it is probed, as `host` or `host:port`: an agent that answers for it. Default: what `health` says, or itself.
                 */
                probe_address?: string
                health_check?:
                  | {
                      /**
                       * From the begin of one probe to that of the next. Default 5 s.
                       */
                      interval?: Duration
                      /**
                       * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                       */
                      timeout?: Duration
                      /**
                       * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                       */
                      rise?: number
                      /**
                       * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                       */
                      fall?: number
                      /**
                       * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                       */
                      jitter?: number
                      /**
                       * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                       */
                      address?: string
                      /**
                       * The port that is probed. Default that of the endpoint.
                       */
                      port?: number
                      /**
                       * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                       */
                      initial?: 'healthy' | 'unhealthy'
                      /**
                       * The default.
                       */
                      type?: 'http'
                      /**
                       * What is asked for: a path, with a query where one is needed.
                       */
                      path: string
                      /**
                       * Default `GET`.
                       */
                      method?: string
                      /**
                       * What passes: a status, `'2xx'`, `'200-399'`, or a list of these. Default `'200-399'`.
                       */
                      status?: (number | string) | (number | string)[]
                      /**
                       * Text that must stand in the body, or a pattern that must match it. The first 64 KiB, as UTF-8, are looked at.
                       */
                      body?:
                        | string
                        | {
                            regexp: string
                            flags?: string
                          }
                      /**
                       * The `Host` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                       */
                      host?: string
                      /**
                       * Fields to send besides `Host`. Default `User-Agent: gatewright-probe`, which another `User-Agent` replaces.
                       */
                      headers?: {
                        [k: string]: string | string[]
                      }
                    }
                  | {
                      /**
                       * From the begin of one probe to that of the next. Default 5 s.
                       */
                      interval?: Duration
                      /**
                       * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                       */
                      timeout?: Duration
                      /**
                       * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                       */
                      rise?: number
                      /**
                       * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                       */
                      fall?: number
                      /**
                       * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                       */
                      jitter?: number
                      /**
                       * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                       */
                      address?: string
                      /**
                       * The port that is probed. Default that of the endpoint.
                       */
                      port?: number
                      /**
                       * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                       */
                      initial?: 'healthy' | 'unhealthy'
                      type: 'tcp'
                      /**
                       * What is sent then, up to 4 KiB: bytes, or a text as UTF-8. Only together with `expect`. Default: nothing.
                       */
                      send?: string
                      /**
                       * What must come before it passes: bytes or a text that must stand somewhere in the first 4 KiB, or a pattern that must match these, as UTF-8. Default: nothing need come.
                       */
                      expect?:
                        | string
                        | {
                            regexp: string
                            flags?: string
                          }
                    }
                  | {
                      /**
                       * From the begin of one probe to that of the next. Default 5 s.
                       */
                      interval?: Duration
                      /**
                       * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                       */
                      timeout?: Duration
                      /**
                       * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                       */
                      rise?: number
                      /**
                       * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                       */
                      fall?: number
                      /**
                       * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                       */
                      jitter?: number
                      /**
                       * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                       */
                      address?: string
                      /**
                       * The port that is probed. Default that of the endpoint.
                       */
                      port?: number
                      /**
                       * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                       */
                      initial?: 'healthy' | 'unhealthy'
                      type: 'grpc'
                      /**
                       * The service that is asked about, as `package.Service`. Default: the server as a whole.
                       */
                      service?: string
                      /**
                       * The `:authority` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                       */
                      host?: string
                    }
              }
          )[]
        | {
            /**
             * @minItems 1
             */
            endpoints?: (
              | string
              | {
                  address?: string
                  /**
                   * `http://host:port` or `https://host:port`. No path: use the `rewrite` filter for that. Of pools for `tcp()`: `tcp://host:port`, or `tls://host:port` where the connection to the service is encrypted.
                   */
                  url?: string
                  /**
                   * Its share, against the others'. A positive number, default 1.
                   */
                  weight?: number
                  /**
                   * Where it runs, for `preferZone`, balancers and logs.
                   */
                  zone?: string
                  /**
                   * The tier that it is of, a whole number. 0, the default, serves first; the others take what the tiers before them cannot carry.
                   */
                  priority?: number
                  /**
                   * What subsets are made by, such as `{ version: 'v2' }`.
                   */
                  labels?: {
                    [k: string]: string
                  }
                  /**
                   * What it is called in logs and metrics, and hashed by. Default the url.
                   */
                  id?: string
                  /**
                   * Where it is probed, as `host` or `host:port`: an agent that answers for it. Default: what `health` says, or itself.
                   */
                  probe_address?: string
                  health_check?:
                    | {
                        /**
                         * From the begin of one probe to that of the next. Default 5 s.
                         */
                        interval?: Duration
                        /**
                         * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                         */
                        timeout?: Duration
                        /**
                         * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                         */
                        rise?: number
                        /**
                         * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                         */
                        fall?: number
                        /**
                         * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                         */
                        jitter?: number
                        /**
                         * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                         */
                        address?: string
                        /**
                         * The port that is probed. Default that of the endpoint.
                         */
                        port?: number
                        /**
                         * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                         */
                        initial?: 'healthy' | 'unhealthy'
                        /**
                         * The default.
                         */
                        type?: 'http'
                        /**
                         * What is asked for: a path, with a query where one is needed.
                         */
                        path: string
                        /**
                         * Default `GET`.
                         */
                        method?: string
                        /**
                         * What passes: a status, `'2xx'`, `'200-399'`, or a list of these. Default `'200-399'`.
                         */
                        status?: (number | string) | (number | string)[]
                        /**
                         * Text that must stand in the body, or a pattern that must match it. The first 64 KiB, as UTF-8, are looked at.
                         */
                        body?:
                          | string
                          | {
                              regexp: string
                              flags?: string
                            }
                        /**
                         * The `Host` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                         */
                        host?: string
                        /**
                         * Fields to send besides `Host`. Default `User-Agent: gatewright-probe`, which another `User-Agent` replaces.
                         */
                        headers?: {
                          [k: string]: string | string[]
                        }
                      }
                    | {
                        /**
                         * From the begin of one probe to that of the next. Default 5 s.
                         */
                        interval?: Duration
                        /**
                         * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                         */
                        timeout?: Duration
                        /**
                         * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                         */
                        rise?: number
                        /**
                         * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                         */
                        fall?: number
                        /**
                         * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                         */
                        jitter?: number
                        /**
                         * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                         */
                        address?: string
                        /**
                         * The port that is probed. Default that of the endpoint.
                         */
                        port?: number
                        /**
                         * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                         */
                        initial?: 'healthy' | 'unhealthy'
                        type: 'tcp'
                        /**
                         * What is sent then, up to 4 KiB: bytes, or a text as UTF-8. Only together with `expect`. Default: nothing.
                         */
                        send?: string
                        /**
                         * What must come before it passes: bytes or a text that must stand somewhere in the first 4 KiB, or a pattern that must match these, as UTF-8. Default: nothing need come.
                         */
                        expect?:
                          | string
                          | {
                              regexp: string
                              flags?: string
                            }
                      }
                    | {
                        /**
                         * From the begin of one probe to that of the next. Default 5 s.
                         */
                        interval?: Duration
                        /**
                         * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                         */
                        timeout?: Duration
                        /**
                         * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                         */
                        rise?: number
                        /**
                         * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                         */
                        fall?: number
                        /**
                         * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                         */
                        jitter?: number
                        /**
                         * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                         */
                        address?: string
                        /**
                         * The port that is probed. Default that of the endpoint.
                         */
                        port?: number
                        /**
                         * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                         */
                        initial?: 'healthy' | 'unhealthy'
                        type: 'grpc'
                        /**
                         * The service that is asked about, as `package.Service`. Default: the server as a whole.
                         */
                        service?: string
                        /**
                         * The `:authority` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                         */
                        host?: string
                      }
                }
            )[]
            discovery?:
              | {
                  /**
                   * The addresses of a name in DNS, as a source of a pool: each is an endpoint.
                   */
                  dns?: {
                    /**
                     * The name whose addresses are the endpoints. In full: search domains are not tried.
                     */
                    host?: string
                    /**
                     * In place of `host`: the name of services (SRV), such as `_http._tcp.users.example.com`. They have ports of their own.
                     */
                    service?: string
                    /**
                     * The port of `host`. Default: that of `http` or `https`.
                     */
                    port?: number
                    /**
                     * How the endpoints are spoken to. Default `http`.
                     */
                    scheme?: 'http' | 'https' | 'tcp' | 'tls'
                    /**
                     * Which addresses are asked for, also behind the names of services. Default `A+AAAA`: both.
                     */
                    type?: 'A+AAAA' | 'A' | 'AAAA'
                    /**
                     * The shortest wait before it is asked again. Default 1 s.
                     */
                    min?: Duration
                    /**
                     * The longest one, however long the records hold. Default 5 min.
                     */
                    max?: Duration
                    /**
                     * The wait where no record tells how long it holds: Node tells it of addresses alone. Default 30 s.
                     */
                    refresh?: Duration
                    /**
                     * By which share each wait is lengthened at most, by chance. Default 0.1.
                     */
                    jitter?: number
                    /**
                     * How long one answer may take. Default 5 s.
                     */
                    timeout?: Duration
                    /**
                     * Name servers to ask, as `10.0.0.10` or `10.0.0.10:5353`. Default: those of the system.
                     *
                     * @minItems 1
                     */
                    servers?: string[]
                    /**
                     * Whether an answer without any address empties the pool. Default `false`: the last list stays.
                     */
                    allow_empty?: boolean
                    /**
                     * Whom to ask in place of name servers.
                     */
                    resolver?: FromModule
                  }
                  /**
                   * The endpoints that a file names, as a source of a pool: a list in YAML, or in JSON where its name ends with `.json`, each entry as in `pool([...])`.
                   */
                  file?: {
                    path: string
                    /**
                     * How often it is looked at. Default 1 s, at least 50 ms.
                     */
                    every?: Duration
                    /**
                     * What is longer does not count. Default 1 MiB.
                     */
                    max_size?: Size
                    /**
                     * Whether an empty list empties the pool. Default `false`: the last one stays.
                     */
                    allow_empty?: boolean
                  }
                  /**
                   * The pods of a Service of Kubernetes, as a source of a pool: those of its EndpointSlices that are ready and do not end.
                   */
                  kubernetes?: {
                    /**
                     * The name of the Service.
                     */
                    service: string
                    /**
                     * The namespace that it is of. Default: that of the pod that the proxy runs in.
                     */
                    namespace?: string
                    /**
                     * The port of the pods: its name in the Service, or its number. Default: the only one that they have.
                     */
                    port?: number | string
                    /**
                     * How the endpoints are spoken to. Default `http`.
                     */
                    scheme?: 'http' | 'https' | 'tcp' | 'tls'
                    /**
                     * Of pods that have addresses of several kinds, which counts. Default: the first of these of which there are any.
                     */
                    address_type?: 'IPv4' | 'IPv6' | 'FQDN'
                    /**
                     * Whether a service without any pod that is ready empties the pool. Default `false`: the last list stays.
                     */
                    allow_empty?: boolean
                    /**
                     * The API server, as `https://host:port`. Default: that of the cluster that the proxy runs in, with the certificate authority and the token of its service account.
                     */
                    server?: string
                    /**
                     * The file with the token to show. It is read before each request, since tokens are replaced. Default without `server`: the service account's.
                     */
                    token_file?: string
                    /**
                     * The file with the authority of the API server's certificate, in PEM, read likewise. Default with `server`: those that Node trusts.
                     */
                    ca_file?: string
                  }
                }
              | FromModule
            balancer?:
              | (
                  | 'consistent_hash'
                  | 'least_connections'
                  | 'least_response_time'
                  | 'maglev'
                  | 'power_of_two_choices'
                  | 'random'
                  | 'rendezvous'
                  | 'round_robin'
                  | 'weighted_round_robin'
                )
              | {
                  /**
                   * Sends requests of the same key to the same endpoint, and past a busy one to the next on the ring.
                   */
                  consistent_hash?: {
                    /**
                     * What requests are told apart by. Default `'client-address'`.
                     */
                    key?:
                      | ('client-address' | 'path')
                      | {
                          header: string
                        }
                      | {
                          cookie: string
                        }
                      | FromModule
                    /**
                     * How far above its share of the requests in flight an endpoint may go: 1.25 is a quarter more. More than 1; `unlimited` sets no bound. Default 1.25.
                     */
                    load_factor?: number | 'unlimited'
                    /**
                     * Points on the ring for an endpoint of weight 1; more of them make shares more even. Default 100.
                     */
                    virtual_nodes?: number
                  }
                  /**
                   * Prefers the endpoint with the fewest requests in flight for its weight.
                   */
                  least_connections?: Record<string, never>
                  /**
                   * Prefers the endpoint expected to answer soonest: smoothed latency times the queue it would join, for its weight.
                   */
                  least_response_time?: Record<string, never>
                  /**
                   * Sends requests of the same key to the same endpoint, found by one look into a table.
                   */
                  maglev?: {
                    /**
                     * What requests are told apart by. Default `'client-address'`.
                     */
                    key?:
                      | ('client-address' | 'path')
                      | {
                          header: string
                        }
                      | {
                          cookie: string
                        }
                      | FromModule
                    /**
                     * Slots in the table: a prime, at least a hundred times the number of endpoints. Default 65537.
                     */
                    table_size?: number
                  }
                  /**
                   * Draws two endpoints and takes the one with fewer requests in flight for its weight.
                   */
                  power_of_two_choices?: Record<string, never>
                  /**
                   * Picks at random, with chances in proportion to the weights.
                   */
                  random?: Record<string, never>
                  /**
                   * Sends requests of the same key to the same endpoint: the one that scores highest for it.
                   */
                  rendezvous?: {
                    /**
                     * What requests are told apart by. Default `'client-address'`.
                     */
                    key?:
                      | ('client-address' | 'path')
                      | {
                          header: string
                        }
                      | {
                          cookie: string
                        }
                      | FromModule
                  }
                  /**
                   * Takes turns: one endpoint after the other.
                   */
                  round_robin?: Record<string, never>
                  /**
                   * Takes turns in proportion to the weights, and spreads each endpoint's turns out evenly: weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
                   */
                  weighted_round_robin?: Record<string, never>
                }
              | FromModule
            health_check?:
              | {
                  /**
                   * From the begin of one probe to that of the next. Default 5 s.
                   */
                  interval?: Duration
                  /**
                   * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                   */
                  timeout?: Duration
                  /**
                   * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                   */
                  rise?: number
                  /**
                   * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                   */
                  fall?: number
                  /**
                   * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                   */
                  jitter?: number
                  /**
                   * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                   */
                  address?: string
                  /**
                   * The port that is probed. Default that of the endpoint.
                   */
                  port?: number
                  /**
                   * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                   */
                  initial?: 'healthy' | 'unhealthy'
                  /**
                   * The default.
                   */
                  type?: 'http'
                  /**
                   * What is asked for: a path, with a query where one is needed.
                   */
                  path: string
                  /**
                   * Default `GET`.
                   */
                  method?: string
                  /**
                   * What passes: a status, `'2xx'`, `'200-399'`, or a list of these. Default `'200-399'`.
                   */
                  status?: (number | string) | (number | string)[]
                  /**
                   * Text that must stand in the body, or a pattern that must match it. The first 64 KiB, as UTF-8, are looked at.
                   */
                  body?:
                    | string
                    | {
                        regexp: string
                        flags?: string
                      }
                  /**
                   * The `Host` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                   */
                  host?: string
                  /**
                   * Fields to send besides `Host`. Default `User-Agent: gatewright-probe`, which another `User-Agent` replaces.
                   */
                  headers?: {
                    [k: string]: string | string[]
                  }
                }
              | {
                  /**
                   * From the begin of one probe to that of the next. Default 5 s.
                   */
                  interval?: Duration
                  /**
                   * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                   */
                  timeout?: Duration
                  /**
                   * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                   */
                  rise?: number
                  /**
                   * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                   */
                  fall?: number
                  /**
                   * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                   */
                  jitter?: number
                  /**
                   * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                   */
                  address?: string
                  /**
                   * The port that is probed. Default that of the endpoint.
                   */
                  port?: number
                  /**
                   * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                   */
                  initial?: 'healthy' | 'unhealthy'
                  type: 'tcp'
                  /**
                   * What is sent then, up to 4 KiB: bytes, or a text as UTF-8. Only together with `expect`. Default: nothing.
                   */
                  send?: string
                  /**
                   * What must come before it passes: bytes or a text that must stand somewhere in the first 4 KiB, or a pattern that must match these, as UTF-8. Default: nothing need come.
                   */
                  expect?:
                    | string
                    | {
                        regexp: string
                        flags?: string
                      }
                }
              | {
                  /**
                   * From the begin of one probe to that of the next. Default 5 s.
                   */
                  interval?: Duration
                  /**
                   * From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed.
                   */
                  timeout?: Duration
                  /**
                   * Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2.
                   */
                  rise?: number
                  /**
                   * Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3.
                   */
                  fall?: number
                  /**
                   * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not probe in step. The first probe waits for such a time alone. Default 0.1.
                   */
                  jitter?: number
                  /**
                   * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for all endpoints of the pool, unless one has a `probe_address` of its own. With `https:` it must show the endpoint's certificate.
                   */
                  address?: string
                  /**
                   * The port that is probed. Default that of the endpoint.
                   */
                  port?: number
                  /**
                   * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must pass that probe first.
                   */
                  initial?: 'healthy' | 'unhealthy'
                  type: 'grpc'
                  /**
                   * The service that is asked about, as `package.Service`. Default: the server as a whole.
                   */
                  service?: string
                  /**
                   * The `:authority` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed.
                   */
                  host?: string
                }
            eject?:
              | boolean
              | {
                  /**
                   * Failed attempts in a row, of whatever kind. Default 5; `unlimited` does not count them. (Envoy: `consecutive_5xx`, `consecutive_gateway_failure`.)
                   */
                  consecutive_errors?: number | 'unlimited'
                  /**
                   * Attempts in a row for which no connection was made: refused, not in time, no name, no TLS. Default `unlimited`, so that they count as errors like others; a smaller number ejects sooner. (Envoy: `consecutive_local_origin_failure`.)
                   */
                  consecutive_connect_failures?: number | 'unlimited'
                  /**
                   * Ejects an endpoint that fares much worse than the others of its pool. Off unless given; `{}` has the defaults.
                   */
                  success_rate?: {
                    /**
                     * So many standard deviations below the mean of the pool's rates of success. Default 1.9.
                     */
                    deviations?: number
                    /**
                     * Endpoints with enough attempts that there must be, to be compared. Default 5.
                     */
                    min_endpoints?: number
                    /**
                     * Attempts of an endpoint in the interval that are enough. Default 100.
                     */
                    min_requests?: number
                  }
                  /**
                   * Ejects an endpoint of which too large a part of the attempts fails. Off unless given; `{}` has the defaults.
                   */
                  failure_percentage?: {
                    /**
                     * From 1 to 100: an endpoint is ejected when so many of a hundred have failed. Default 85.
                     */
                    threshold?: number
                    /**
                     * Endpoints with enough attempts that there must be. Default 5.
                     */
                    min_endpoints?: number
                    /**
                     * Attempts of an endpoint in the interval that are enough. Default 50.
                     */
                    min_requests?: number
                  }
                  /**
                   * Ejects an endpoint that answers much later than the others of its pool. Off unless given; `{}` has the defaults.
                   */
                  latency?: {
                    /**
                     * So many times as long. More than 1; default 3.
                     */
                    factor?: number
                    /**
                     * And so much longer: 2 ms beside 0.5 ms are no harm. Default 50 ms.
                     */
                    margin?: Duration
                    /**
                     * Endpoints with enough attempts that there must be, to be compared. At least 2; default 3.
                     */
                    min_endpoints?: number
                    /**
                     * Attempts of an endpoint in the interval that are enough. Default 50.
                     */
                    min_requests?: number
                  }
                  /**
                   * So long attempts are counted for `success_rate`, `failure_percentage` and `latency`, until a verdict. Default 10 s.
                   */
                  interval?: Duration
                  /**
                   * How long the first ejection lasts, and by how much each that follows is longer. Default 30 s.
                   */
                  eject?: Duration
                  /**
                   * The longest an ejection lasts. Default 5 min, or `eject` where that is longer.
                   */
                  max_eject?: Duration
                  /**
                   * The share of each ejection, from 0 to 1, by which it is lengthened at most, by chance. Default 0.1.
                   */
                  jitter?: number
                  /**
                   * The share of the endpoints, from 0 to 1, that may be ejected at a time; one always may. Default 0.5.
                   */
                  max_ejected?: number
                  /**
                   * Responses that count as failed. Default `'502-504'`: a 500 is as likely to be the fault of the request.
                   */
                  statuses?: (number | string) | (number | string)[]
                  /**
                   * Statuses of gRPC that count as failed, where they come before any message. Default none.
                   */
                  grpc_statuses?: (
                    | 'CANCELLED'
                    | 'UNKNOWN'
                    | 'INVALID_ARGUMENT'
                    | 'DEADLINE_EXCEEDED'
                    | 'NOT_FOUND'
                    | 'ALREADY_EXISTS'
                    | 'PERMISSION_DENIED'
                    | 'RESOURCE_EXHAUSTED'
                    | 'FAILED_PRECONDITION'
                    | 'ABORTED'
                    | 'OUT_OF_RANGE'
                    | 'UNIMPLEMENTED'
                    | 'INTERNAL'
                    | 'UNAVAILABLE'
                    | 'DATA_LOSS'
                    | 'UNAUTHENTICATED'
                  )[]
                }
            slow_start?: {
              /**
               * How long it takes until the endpoint has its full weight: milliseconds, or `'30s'`.
               */
              lasts: Duration
              /**
               * How soon it grows: 1 (default) evenly, more than that faster in the beginning, less than that slower.
               */
              aggression?: number
            }
            retry?:
              | boolean
              | {
                  /**
                   * Attempts altogether, the first included. From 1 to 10. Default 2.
                   */
                  attempts?: number
                  /**
                   * What is retried, in place of the default `['unsent', 'reset', 'timeout']`.
                   */
                  on?:
                    | (
                        | ('unsent' | 'reset' | 'timeout')
                        | (number | string)
                        | (
                            | 'CANCELLED'
                            | 'UNKNOWN'
                            | 'INVALID_ARGUMENT'
                            | 'DEADLINE_EXCEEDED'
                            | 'NOT_FOUND'
                            | 'ALREADY_EXISTS'
                            | 'PERMISSION_DENIED'
                            | 'RESOURCE_EXHAUSTED'
                            | 'FAILED_PRECONDITION'
                            | 'ABORTED'
                            | 'OUT_OF_RANGE'
                            | 'UNIMPLEMENTED'
                            | 'INTERNAL'
                            | 'UNAVAILABLE'
                            | 'DATA_LOSS'
                            | 'UNAUTHENTICATED'
                          )
                        | FromModule
                      )
                    | (
                        | ('unsent' | 'reset' | 'timeout')
                        | (number | string)
                        | (
                            | 'CANCELLED'
                            | 'UNKNOWN'
                            | 'INVALID_ARGUMENT'
                            | 'DEADLINE_EXCEEDED'
                            | 'NOT_FOUND'
                            | 'ALREADY_EXISTS'
                            | 'PERMISSION_DENIED'
                            | 'RESOURCE_EXHAUSTED'
                            | 'FAILED_PRECONDITION'
                            | 'ABORTED'
                            | 'OUT_OF_RANGE'
                            | 'UNIMPLEMENTED'
                            | 'INTERNAL'
                            | 'UNAVAILABLE'
                            | 'DATA_LOSS'
                            | 'UNAUTHENTICATED'
                          )
                        | FromModule
                      )[]
                  /**
                   * Methods of requests that may be sent twice. Default those of RFC 9110 section 9.2.2 and QUERY: GET, HEAD, OPTIONS, TRACE, PUT, DELETE, QUERY. Whatever the method, a request of which nothing was sent may be sent.
                   */
                  methods?: string[]
                  /**
                   * Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false.
                   */
                  idempotency_key?: boolean
                  /**
                   * From the pick of an endpoint to the head of its response; then the attempt is cancelled. It does not count while a body comes from the client, and begins anew behind its last byte. Default `unlimited`.
                   */
                  per_attempt?: Duration | 'unlimited'
                  /**
                   * How many retries there may be: the ratio alone, or all of it. `unlimited` does not count. Default 0.2.
                   */
                  budget?:
                    | (number | 'unlimited')
                    | {
                        /**
                         * Retries for each request. Default 0.2: a fifth more than clients ask for.
                         */
                        ratio?: number
                        /**
                         * Retries per second that are granted to a pool of few requests. Default 10.
                         */
                        min_per_second?: number
                        /**
                         * So much of the past is counted; from 1 s to 60 s. Default 10 s.
                         */
                        window?: Duration
                      }
                  /**
                   * How long a retry waits, by chance, between nothing and that. Default from 25 ms on, up to 250 ms.
                   */
                  backoff?: {
                    /**
                     * The longest wait before the first retry; it doubles with each that follows. Default 25 ms.
                     */
                    base?: Duration
                    /**
                     * The longest wait before any. Default ten times `base`.
                     */
                    max?: Duration
                  }
                  /**
                   * A response that asks for a longer wait by `Retry-After`, or `grpc-retry-pushback-ms`, is not retried. Default 1 s.
                   */
                  max_retry_after?: Duration
                  /**
                   * Up to so much of a request's body is kept while it is sent, to be sent again. Default 64 KiB; 0 keeps nothing.
                   */
                  replay_size?: Size
                }
            hedge?:
              | boolean
              | {
                  /**
                   * When the second attempt begins: after a fixed time, or when the pool has answered that part of its latest requests, from `'p50'` to `'p99.9'`. Until a hundred responses have been timed, a percentile hedges nothing. Default `'p95'`.
                   */
                  after?: Duration | string
                  /**
                   * Second attempts for each request, from 0 to 1, whatever the rate. Default 0.05: at most 5 % more load.
                   */
                  budget?: number
                  /**
                   * Methods of requests that may be sent twice. Default those of RFC 9110 section 9.2.2 and QUERY, as for `retry`.
                   */
                  methods?: string[]
                  /**
                   * Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false.
                   */
                  idempotency_key?: boolean
                }
            deadline?: {
              /**
               * Milliseconds, or `'2s'`: from the moment when the request comes to the pool to the head of its response. May be left out with `grpc`; then only a call's own `grpc-timeout` counts.
               */
              time?: Duration
              /**
               * A field that tells endpoints how much of it is left when their attempt begins, in whole milliseconds; `grpc-timeout` in the form of gRPC. It replaces what the client sent. Default none.
               */
              header?: string
              /**
               * Takes the `grpc-timeout` of a gRPC call for its deadline, up to `ms` at most, and tells endpoints in the same field what is left. Such a deadline is that of the whole call, to the last byte of its response, also where it is `ms`. A field that is none is answered with `request_malformed`. Default false.
               */
              grpc?: boolean
            }
            fallback?:
              | string
              | {
                  upstream: string
                  /**
                   * Statuses of responses that are dropped for the fallback's answer: `503`, `'5xx'`, `'502-504'`. Default none: a response is the service's word. Failures are answered by the fallback in any case.
                   */
                  on?: (number | string) | (number | string)[]
                  /**
                   * Methods of requests that may be sent to a fallback pool although an endpoint of the first one may have seen them. Default those of RFC 9110 section 9.2.2 and QUERY. A request of which nothing was sent goes there whatever its method.
                   */
                  methods?: string[]
                  /**
                   * Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false.
                   */
                  idempotency_key?: boolean
                  /**
                   * Up to so much of a request's body is kept while it is sent, for the fallback to read it again. Default 64 KiB for a pool, as far as the request may be sent twice; 0 for a handler, which may ask for it whatever the method.
                   */
                  replay_size?: Size
                }
            prefer_zone?: {
              /**
               * The zone that this proxy runs in, by the name that endpoints give it.
               */
              zone: string
              /**
               * Which part of the pool's whole load comes in through the proxies of this zone: more than 0, at most 1. Default: the same from each zone in which the pool has endpoints.
               */
              load_share?: number
              /**
               * So many exchanges of this proxy in flight for each endpoint of the zone (of weight 1), on average, are a full zone: the next one goes to another zone, if those have less to do. A whole number from 1 on. Default: no number is too many.
               */
              max_in_flight?: number | 'unlimited'
            }
            subset?: {
              select: FromModule
              fallback?: 'any' | 'none'
            }
            aperture?: {
              /**
               * Which of the proxies in front of this pool this one is. A number, where they are numbered from 0 on (a StatefulSet's ordinal): then endpoints are shared out evenly. Or a name of its own: then by chance.
               */
              instance: number | string
              /**
               * So many endpoints are used. A whole number from 1 on, default 20.
               */
              size: number
            }
            filters?: Filters
            each?: Filters
            guards?: Filters
            /**
             * Connections to one endpoint at a time. Default 512.
             */
            max_connections?: number | 'unlimited'
            /**
             * Exchanges that wait for a connection to one endpoint. Default 1024; past it 503 `pool_queue_full`.
             */
            max_pending?: number
            /**
             * The longest wait for a connection. Default 5 s; past it 503 `pool_queue_timeout`.
             */
            pending?: Duration
            /**
             * How long an unused connection is kept. Default 4 s, because many servers close after 5 s without saying so. A server's own `Keep-Alive: timeout` shortens it.
             */
            idle?: Duration | 'unlimited'
            /**
             * How services are spoken to. Default `false`: HTTP/1.1. `true`: HTTP/2, by ALPN for `https:` endpoints and with prior knowledge for `http:` ones. `'auto'`: what an `https:` endpoint prefers of the two, HTTP/1.1 for `http:` endpoints and for requests that ask for another protocol (WebSocket). With options: as `true`, or as `mode` says.
             */
            http2?:
              | boolean
              | 'auto'
              | {
                  /**
                   * As `http2: true` or `http2: 'auto'`. Default `true`.
                   */
                  mode?: true | 'auto'
                  /**
                   * Streams of one connection at a time, if the endpoint allows as many; a further connection is opened for the next one. Default 100.
                   */
                  streams?: number
                  /**
                   * Of one response's body, what may come before it is read: 64 KiB to 16 MiB. Default 256 KiB.
                   */
                  stream_window_size?: Size
                  /**
                   * The same of all responses of a connection together: 64 KiB to 64 MiB. Default 1 MiB.
                   */
                  connection_window_size?: Size
                  /**
                   * How long a connection without a stream is kept. Default 60 s.
                   */
                  idle?: Duration | 'unlimited'
                  /**
                   * A connection with streams on which nothing came for so long is asked for a sign of life (PING). Default `unlimited`: only when an attempt was given up without an answer, since some servers take regular pings for an attack.
                   */
                  ping?: Duration | 'unlimited'
                  /**
                   * How long that sign may take; the connection takes no new streams meanwhile, and is given up without it. Default 5 s.
                   */
                  ping_timeout?: Duration
                }
            /**
             * Begins each connection with a PROXY protocol header of this version, before TLS, which tells of the client's connection. Default none. Over HTTP/1.1 a connection then carries one request, since the next one may be another client's; over HTTP/2 there is none. A probe of the endpoint itself says that it is the proxy's own.
             */
            proxy_protocol?: 'v1' | 'v2'
            /**
             * Until the connection is made, the look-up of its name included. Default 5 s; past it 504 `upstream_connect_timeout`.
             */
            connect?: Duration
            /**
             * From there until TLS is made on it. Default 5 s; past it 504 `upstream_tls_timeout`.
             */
            tls_timeout?: Duration
            /**
             * From the end of the request to the response head. Default 60 s; past it 504 `upstream_head_timeout`.
             */
            head?: Duration
            /**
             * Between two pieces of a response body. Default 60 s; past it the response breaks off.
             */
            body_idle?: Duration
            /**
             * A request of which the endpoint takes no further piece (of up to 128 KiB). Default 60 s; past it 504 `upstream_write_timeout`.
             */
            send_idle?: Duration
            /**
             * A tunnel through which nothing goes. Default 1 hour.
             */
            tunnel_idle?: Duration
            /**
             * Status line and header fields of a response together. Default 64 KiB; past it 502.
             */
            head_size?: Size
            /**
             * Header fields of a response. Default 200; past it 502.
             */
            headers?: number
            /**
             * A response body. Default `unlimited`.
             */
            body_size?: Size | 'unlimited'
            /**
             * The `Host` that endpoints see: `'preserve'` (default) passes on what the client asked for, `'endpoint'` names the endpoint itself, anything else is sent as it is.
             */
            host?: string
            /**
             * Sends `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`. Default true.
             */
            x_forwarded?: boolean
            /**
             * Sends `Forwarded` (RFC 7239). Default false.
             */
            forwarded?: boolean
            /**
             * The name in `Via`; `false` sends none. Default `gatewright`.
             */
            via?: string | false
            /**
             * How `https:` endpoints are verified, and what they are shown.
             */
            tls?: {
              /**
               * The name that is asked for (SNI), and that the certificate must be for. Default: the host of the endpoint's url.
               */
              servername?: string
              /**
               * The name or address that the certificate must be for, where that is not `servername`.
               */
              verify_name?: string
              /**
               * Certificate authorities to trust in place of the default: PEM text or bytes. Default: those that Node trusts.
               */
              ca?: string | string[]
              /**
               * The proxy's own certificate, for services that ask for one: PEM text or bytes, with what stands between it and the authority.
               */
              cert?: string
              /**
               * The private key to it, in PEM.
               */
              key?: string
              /**
               * What the key is encrypted with.
               */
              passphrase?: string
              /**
               * Keys of which at least one must be the certificate's own, or that of an authority in its chain: the SHA-256 of the public key (SPKI) in base64, as in RFC 7469. Asked beside all else, and also where any certificate is accepted.
               */
              pins?: string[]
              /**
               * Default `TLSv1.2`.
               */
              min_version?: 'TLSv1.2' | 'TLSv1.3'
              /**
               * Accepts any certificate: no protection against anyone between proxy and service. Off.
               */
              dangerously_accept_any_certificate?: boolean
              /**
               * Protocols to offer, the one preferred first. Of `tls:` endpoints alone, where the default is none.
               */
              alpn?: string[]
            }
            /**
             * With fewer endpoints fit to serve than this share, from 0 to 1, all are candidates, also those that are unhealthy or ejected: few would break down under the load of all. Default 0: only when none is fit. (Envoy's panic threshold is 0.5.)
             */
            panic_threshold?: number
            /**
             * How much more than its part a tier, or the zone that is preferred, can carry when some of its endpoints are gone: 1.4 (default, Envoy's) keeps the whole load in a tier until less than 71 % of it is fit to serve. A number from 1 on.
             */
            overprovisioning?: number
          }
    }
    routes?: Routes
    filters?: Filters
    rate_limiting?: {
      enabled?: boolean
      requests_per_minute: number
      burst_size?: number
    }
    caching?: {
      enabled?: boolean
      ttl: Duration
      max_size?: Size
    }
    security?: {
      cors?: {
        enabled?: boolean
        allowed_origins: string | string[]
        allowed_methods?: string[]
        /**
         * Fields that a page may set, beside those that need no leave; `'*'` is all but `Authorization`. Default none.
         */
        allowed_headers?: '*' | string[]
        /**
         * Fields of a response that a page may read, beside those that need no leave; `'*'` is all. Default none.
         */
        exposed_headers?: '*' | string[]
        /**
         * Whether requests with cookies or other credentials may be read. Not together with any `'*'`. Default false.
         */
        credentials?: boolean
        /**
         * How long a browser may keep the answer to a preflight. Browsers cut it at two hours or a day. Default: theirs, 5 s.
         */
        max_age?: Duration
      }
      jwt?: {
        enabled?: boolean
        secret?: string
        /**
         * Where the issuer publishes its keys: the `https` address of a JWK set (`http` only for this machine), or a service and the path of the set there. Either this or `keys`.
         */
        jwks?:
          | string
          | {
              service:
                | string
                | {
                    upstream: string
                  }
                | FromModule
              path: string
            }
        algorithm?:
          | 'HS256'
          | 'HS384'
          | 'HS512'
          | 'RS256'
          | 'RS384'
          | 'RS512'
          | 'PS256'
          | 'PS384'
          | 'PS512'
          | 'ES256'
          | 'ES384'
          | 'ES512'
          | 'EdDSA'
          | 'Ed25519'
        /**
         * The algorithms that tokens may be signed with, such as `['RS256', 'ES256']`. There is no default: what a token says of itself must not decide how it is checked. Either those of a shared secret (`HS…`) or those of public keys, never both.
         *
         * @minItems 1
         */
        algorithms?: (
          | 'HS256'
          | 'HS384'
          | 'HS512'
          | 'RS256'
          | 'RS384'
          | 'RS512'
          | 'PS256'
          | 'PS384'
          | 'PS512'
          | 'ES256'
          | 'ES384'
          | 'ES512'
          | 'EdDSA'
          | 'Ed25519'
        )[]
        /**
         * Who must have issued a token: one of these is its `iss`. `false` takes tokens of everyone who has a key.
         */
        issuer?: (string | string[]) | false
        /**
         * Whom a token must be for: one of these is its `aud`, or in it. `false` takes tokens that are for others.
         */
        audience?: (string | string[]) | false
      }
    }
    admin?:
      | boolean
      | {
          address?: string
          /**
           * Default 9901; 0 takes a free one.
           */
          port?: number
          /**
           * What requests must have as `Authorization: Bearer`, but for `/health`, `/ready` and the files of the dashboard: a random text of 16 characters or more, or several, such as the one of before and the one of now. Default none.
           */
          token?: string | string[]
          /**
           * TLS. With `client_certificates: 'require'`, whoever has a certificate that is trusted may come in. Default none.
           */
          tls?:
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                /**
                 * @minItems 1
                 */
                certificates: {
                  /**
                   * PEM: the certificate, and behind it those between it and the authority.
                   */
                  cert_file?: string
                  /**
                   * PEM.
                   */
                  key_file?: string
                  /**
                   * What the authority says of it (OCSP), in DER: stapled where a client asks for it.
                   */
                  ocsp_file?: string
                  cert?: string
                  key?: string
                  passphrase?: string
                  names?: string[]
                }[]
              }
            | {
                /**
                 * Default `TLSv1.2`.
                 */
                min_version?: 'TLSv1.2' | 'TLSv1.3'
                /**
                 * Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off.
                 */
                dangerously_allow_tls10_and11?: boolean
                /**
                 * Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0.
                 */
                ciphers?: string
                /**
                 * Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`.
                 */
                curves?: string
                /**
                 * Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it.
                 */
                prefer_server_ciphers?: boolean
                /**
                 * Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`.
                 */
                client_certificates?: 'off' | 'request' | 'require'
                /**
                 * Who vouches for clients: certificates as PEM text or bytes.
                 */
                client_ca?: string | string[]
                /**
                 * The same in a file, which is watched.
                 */
                client_ca_file?: string
                /**
                 * How long a session can be resumed; 0 for none. Default 5 minutes.
                 */
                session?: Duration
                /**
                 * The same in a file of 48 bytes, which is watched.
                 */
                ticket_keys_file?: string
                /**
                 * How often files are looked at. `unlimited` for never. Default 10 s.
                 */
                watch?: Duration | 'unlimited'
                cert_file?: string
                key_file?: string
                ocsp_file?: string
                cert?: string
                key?: string
                passphrase?: string
                names?: string[]
              }
          /**
           * Further names that it may be asked by: `admin.example.com`, `*.example.com`. Addresses that clients connect to, the loopback's and `localhost` are allowed anyway. Default none.
           */
          allowed_hosts?: string[]
          /**
           * Whether it only shows, and steers nothing. Default false.
           */
          read_only?: boolean
          /**
           * Whether CPU profiles and heap snapshots may be asked for. Whoever has a snapshot has all that is in memory: keys, tokens, bodies. Without a token, that is each user of this machine. Default false.
           */
          profiling?: boolean
          /**
           * Whether a tap may show bodies: `bodies=1024`. Nothing in them is masked, passwords included. Without a token, each user of this machine may look. Default false.
           */
          tap_bodies?: boolean
        }
    /**
     * What answers CONNECT; `undefined` refuses it.
     */
    connect?: {
      filters?: Filters
      /**
       * Hosts with their ports: `api.example.com:443`, `*.internal:5432` for all names below, `[2001:db8::7]:443`, and `*:443` for every host. At least one: what is not listed is refused, with 403 `destination_denied`.
       *
       * @minItems 1
       */
      allow: string[]
      /**
       * Addresses that may be connected to although they are none of the public internet: CIDR ranges, `'loopback'`, `'private'`. Default none, but for addresses that `allow` lists themselves. What a name stands for is looked at when it was resolved, so a name of a public zone is no way in. Trap: they hold for all of `allow`; beside `*:443`, any name that somebody lets stand for one of them leads there.
       */
      allow_addresses?: string[]
      /**
       * Until the connection is made, the look-up of its name included. Default 5 s; past it 504 `upstream_connect_timeout`.
       */
      connect?: Duration
      /**
       * A tunnel through which nothing goes. Default 1 hour.
       */
      idle?: Duration | 'unlimited'
    }
    case_sensitive_paths?: boolean
    dangerously_allow_ambiguous_paths?: boolean
    on_error?: FromModule
    error_pages?: {
      [k: string]: {
        [k: string]: string
      }
    }
    workers?: number | 'auto'
    drain?: {
      /**
       * So long new connections and requests are still accepted, while `readiness` says 503 and every response says `Connection: close`: what a load balancer needs to notice, and to send its traffic elsewhere. Default 0.
       */
      notice?: Duration
      /**
       * From the end of the notice: so long what runs may take, then it is broken off. Default 10 s; `unlimited` waits for all.
       */
      limit?: Duration | 'unlimited'
      /**
       * From the end of the notice: so long tunnels (WebSockets) may stay open. Default `limit`; no longer than that.
       */
      tunnel?: Duration | 'unlimited'
    }
    log?: {
      level?: 'silent' | 'error' | 'warn' | 'info' | 'debug'
    }
  }
}
