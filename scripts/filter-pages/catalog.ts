/** Where each filter stands in the lists of filters. */
export const GROUPS: readonly Group[] = [
  {
    title: 'Identity',
    says: 'who the client is, and what it may do',
    names: ['jwt', 'introspect', 'apiKey', 'basicAuth', 'authorize', 'forwardAuth', 'ipFilter', 'csrf'],
  },
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
    names: [
      'headers',
      'securityHeaders',
      'cors',
      'hsts',
      'requestId',
      'cookies',
      'rewrite',
      'stripPrefix',
      'rewriteLocation',
      'redirect',
      'redirectToHttps',
    ],
  },
  {
    title: 'Bodies',
    says: 'what stands behind it',
    names: ['compress', 'decompress', 'validate', 'json', 'replaceText', 'bodyTransform'],
  },
  {
    title: 'Traffic',
    says: 'where it goes, and what befalls it',
    names: ['split', 'sticky', 'mirror', 'coalesce', 'aggregate', 'fault'],
  },
  {
    title: 'Observability',
    says: 'what is seen of it',
    names: ['metrics', 'tracing', 'accessLog', 'serverTiming', 'proxyStatus'],
  },
  { title: 'Protocols', says: 'what is not plain HTTP', names: ['grpcWeb', 'websocket'] },
  {
    title: 'Adapters',
    says: 'to and from the servers and apps of others',
    names: ['toNodeListener', 'fromFetch'],
  },
]

/** The guide that tells more, where there is one. */
export const GUIDES: Readonly<Record<string, string>> = {
  accessLog: 'observability.md',
  adaptiveConcurrency: 'limiting-load.md',
  circuitBreaker: 'limiting-load.md',
  concurrencyLimit: 'limiting-load.md',
  cors: 'cors.md',
  grpcWeb: 'grpc.md',
  hsts: 'tls.md',
  loadShedding: 'limiting-load.md',
  metrics: 'observability.md',
  proxyStatus: 'observability.md',
  redirectToHttps: 'tls.md',
  serverTiming: 'observability.md',
  streamIdleTimeout: 'server-sent-events.md',
  toNodeListener: 'node-servers.md',
  tracing: 'observability.md',
  websocket: 'websocket.md',
}

interface Group {
  readonly title: string
  readonly says: string
  /** Functions, in the order in which they are listed. */
  readonly names: readonly string[]
}
