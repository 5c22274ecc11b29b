/** Where each filter stands in the lists of filters, and what else belongs there. */
export const GROUPS: readonly Group[] = [
  { title: 'Identity', says: 'who the client is', names: [] },
  {
    title: 'Limits',
    says: 'how much is let through',
    names: [
      'rateLimit',
      'memoryStore',
      'redisStore',
      'bodyLimit',
      'bandwidth',
      'concurrencyLimit',
      'adaptiveConcurrency',
      'circuitBreaker',
      'loadShedding',
      'streamIdleTimeout',
    ],
  },
  {
    title: 'Headers and paths',
    says: 'what stands in the head of a message',
    names: ['cors', 'rewrite', 'stripPrefix', 'redirect', 'redirectToHttps', 'hsts'],
  },
  { title: 'Bodies', says: 'what stands behind it', names: [] },
  { title: 'Traffic', says: 'where else it goes, and what befalls it', names: [] },
  { title: 'Protocols', says: 'what is not plain HTTP', names: ['grpcWeb', 'websocket'] },
  { title: 'Adapters', says: 'to and from the filters of others', names: [] },
]

/** Functions with a page of their own that are no export of `src/filters/index.ts`, with the file that declares them. */
export const ELSEWHERE: readonly ShelfPlace[] = []

/** The guide that tells more, where there is one. */
export const GUIDES: Readonly<Record<string, string>> = {
  adaptiveConcurrency: 'limiting-load.md',
  circuitBreaker: 'limiting-load.md',
  concurrencyLimit: 'limiting-load.md',
  cors: 'cors.md',
  grpcWeb: 'grpc.md',
  hsts: 'tls.md',
  loadShedding: 'limiting-load.md',
  redirectToHttps: 'tls.md',
  streamIdleTimeout: 'server-sent-events.md',
  websocket: 'websocket.md',
}

export interface Group {
  readonly title: string
  readonly says: string
  /** Functions, in the order in which they are listed. */
  readonly names: readonly string[]
}

export interface ShelfPlace {
  /** The function. */
  readonly name: string
  /** From the repository's folder. */
  readonly file: string
  /** What it is imported from. */
  readonly specifier: string
}
