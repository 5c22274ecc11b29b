/** Every flag of `gatewright bench`, for the reader of its arguments. */
export const BENCH_FLAGS = {
  rate: {
    type: 'string',
    short: 'r',
    value: 'n',
    summary: 'requests a second, at fixed times; without it, as fast as the answers come',
  },
  duration: { type: 'string', short: 'd', value: 'time', summary: 'how long it is measured; default 10s' },
  'warm-up': { type: 'string', value: 'time', summary: 'the same load before, not counted; default 0s' },
  connections: { type: 'string', short: 'c', value: 'n', summary: 'connections; default 64' },
  method: { type: 'string', short: 'm', value: 'name', summary: 'default GET, or POST with a body' },
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: 'line',
    summary: "'Name: value'; several times for several",
  },
  body: { type: 'string', short: 'b', value: 'text', summary: 'the body, or @file' },
  timeout: {
    type: 'string',
    short: 't',
    value: 'time',
    summary: 'how long a request waits for a connection, and then for its answer; default 10s',
  },
  insecure: { type: 'boolean', short: 'k', summary: 'accepts any certificate' },
  json: { type: 'boolean', summary: 'answers with JSON' },
} as const

/** The same, for usage texts and completion. */
export const BENCH_OPTIONS: readonly {
  readonly name: string
  readonly summary: string
  readonly value?: string
}[] = Object.entries(BENCH_FLAGS).map(([name, { summary, ...more }]) => ({
  name,
  summary,
  ...('value' in more ? { value: more.value } : {}),
}))
