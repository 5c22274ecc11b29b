import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Family } from '../src/filters/metering/family.ts'
import { Figures } from '../src/filters/metering/figures.ts'
import { hasPromtool, promtool } from './filters/prometheus.ts'
import { ROOT } from './source-scan.ts'

interface Target {
  readonly expr: string
  readonly legendFormat?: string
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly Target[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly annotations: { readonly list: readonly Target[] }
}

const page = (path: string) => readFileSync(ROOT + path, 'utf8')
const FOLDER = 'docs/operations/'
const dashboard = JSON.parse(page(`${FOLDER}dashboard.json`)) as Dashboard
const alerts = page(`${FOLDER}alerts.yaml`)
const readme = page(`${FOLDER}README.md`)
const guide = page('docs/guides/observability.md')
/** What the supervisor of several workers has to say beside: `gathered-metrics.ts`. */
const OF_WORKERS = [
  'proxy_worker_up gauge worker',
  'proxy_worker_restarts_total counter worker',
  'proxy_worker_forgotten_series_total counter ',
]
const { families } = new Figures({ buckets: [1], maxSeries: 10 })

const targets = dashboard.panels.flatMap((panel) => panel.targets ?? [])
const variables = dashboard.templating.list.flatMap(({ definition = '' }) => definition)
const annotations = dashboard.annotations.list.map(({ expr }) => expr)
const charted = [...targets.map(({ expr }) => expr), ...annotations]
const ruled = alerts.match(/(?<=\n +expr: )(?:\|\n(?: {10}.*\n)+|.+)/g) ?? []
const everything = [...charted, ...variables, ...ruled]

/** What of an expression metrics() does not show: names, and labels that the series of those names have not. */
function unknown(expression: string, known: readonly Family[] = families): string[] {
  const names = expression.match(/\bproxy_\w+/g) ?? []
  const found = names.map((name) => known.find((family) => namesOf(family).includes(name)))
  const wrong = names.filter((_, i) => found[i] === undefined)
  const labels = new Set(['job', 'instance', 'le', ...found.flatMap((family) => family?.labels ?? [])])
  for (const [, name, inside] of expression.matchAll(/\b(proxy_\w+)\{([^}]*)\}/g)) {
    const own = known.find((family) => namesOf(family).includes(name!))?.labels ?? []
    for (const [, label] of inside!.matchAll(/(\w+)(?:=~|!~|!=|=)"/g))
      if (!['job', 'instance', 'le', ...own].includes(label!)) wrong.push(`${name}{${label}}`)
  }
  for (const [, list] of expression.matchAll(/\bby \(([^)]*)\)/g))
    for (const label of list!.split(',').map((it) => it.trim()))
      if (!labels.has(label)) wrong.push(`by (${label})`)
  return wrong
}

function namesOf({ name, type }: Family): string[] {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name]
}

describe('the dashboard and the alerts', () => {
  it('have expressions', () => {
    expect(targets.length).toBeGreaterThan(60)
    expect(ruled).toHaveLength(alerts.match(/- alert:/g)!.length)
    expect(ruled.length).toBeGreaterThan(15)
  })

  it('use names and labels that metrics() shows', () => {
    expect(everything.flatMap((expression) => unknown(expression))).toEqual([])
  })

  it('show labels in legends and summaries that the series have', () => {
    const wrong = targets.flatMap(({ expr, legendFormat = '' }) => {
      const by = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? ['instance']
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
      return shown.filter((label) => !by.includes(label)).map((label) => `${expr}: ${label}`)
    })
    expect(wrong).toEqual([])
    for (const rule of alerts.split('- alert:').slice(1)) {
      const shown = [...rule.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!)
      const [, by] = /\bby \(([^)]*)\)/.exec(rule) ?? [undefined, 'job, instance']
      expect(by!.split(', ')).toEqual(expect.arrayContaining(shown))
    }
  })

  it('would be seen to name what is not there', () => {
    expect(unknown('sum by (route) (rate(proxy_requests_total{code="200"}[5m]))')).toEqual([])
    expect(unknown('rate(proxy_request_total[5m])')).toEqual(['proxy_request_total'])
    expect(unknown('proxy_request_duration_seconds')).toEqual(['proxy_request_duration_seconds'])
    expect(unknown('proxy_requests_total{status="200"}')).toEqual(['proxy_requests_total{status}'])
    expect(unknown('sum by (status) (proxy_requests_total)')).toEqual(['by (status)'])
  })

  it('show everything that there is', () => {
    const shown = new Set(everything.flatMap((expression) => expression.match(/\bproxy_\w+/g) ?? []))
    expect(families.filter((it) => !namesOf(it).some((name) => shown.has(name)))).toEqual([])
  })

  it('have panels that do not lie over each other', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})

describe('the page', () => {
  it('says of every alert what to do then', () => {
    const alerting = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!)
    const rows = readme.split('\n').filter((line) => line.startsWith('| `Gatewright'))
    const told = rows.flatMap((row) => [...row.matchAll(/`(Gatewright\w+)`/g)].map(([, name]) => name!))
    expect(told.toSorted()).toEqual(alerting.toSorted())
  })
})

describe('the guide', () => {
  it('lists every metric with its type and labels', () => {
    const rows = [...guide.matchAll(/^\| `(proxy_\w+)` \| (\w+) \|(.*?)\|/gm)]
    const listed = rows.map(
      ([, name, type, labels]) => `${name} ${type} ${labels!.replaceAll('`', '').trim()}`,
    )
    expect(listed.toSorted()).toEqual(
      [
        ...families.map(({ name, type, labels }) => `${name} ${type} ${labels.join(', ')}`),
        ...OF_WORKERS,
      ].toSorted(),
    )
  })
})

describe.skipIf(!hasPromtool)('promtool (skipped where it is not installed)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-alerts-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const written = (name: string, content: object): string => {
    // JSON is YAML.
    writeFileSync(join(folder, name), JSON.stringify(content))
    return join(folder, name)
  }

  it('finds nothing wrong with the alerts', () => {
    const { ok, said } = promtool(['check', 'rules', `${ROOT}${FOLDER}alerts.yaml`])
    expect([ok, said]).toEqual([true, expect.stringContaining('SUCCESS')])
  })

  it('can read what the dashboard asks for', () => {
    const rules = charted.map((expression, i) => ({
      record: `panel:${i}`,
      expr: expression.replaceAll('$__rate_interval', '5m'),
    }))
    const { ok, said } = promtool([
      'check',
      'rules',
      written('dashboard.yaml', { groups: [{ name: 'panels', rules }] }),
    ])
    expect([ok, said]).toEqual([true, expect.stringContaining('SUCCESS')])
  })

  const labels = 'job="proxy",instance="p1"'
  it.each<[string, readonly { series: string; values: string }[], readonly string[]]>([
    [
      'nothing while all is well',
      [
        { series: `proxy_build_info{${labels}}`, values: '1+0x60' },
        { series: `proxy_ready{${labels}}`, values: '1+0x60' },
        { series: `proxy_requests_total{${labels},route="/",code="200"}`, values: '0+600x60' },
        { series: `proxy_requests_total{${labels},route="/",code="500"}`, values: '0+6x60' },
        { series: `proxy_backend_health{${labels},pool="users",upstream="u1"}`, values: '1+0x60' },
        { series: `proxy_upstream_ejections_total{${labels},pool="users",upstream="u1"}`, values: '0+0x60' },
        { series: `proxy_event_loop_delay_p99_seconds{${labels}}`, values: '0.001+0x60' },
      ],
      [],
    ],
    ['that nobody is there', [], ['GatewrightAbsent']],
    [
      'errors, and no endpoint',
      [
        { series: `proxy_build_info{${labels}}`, values: '1+0x60' },
        { series: `proxy_requests_total{${labels},route="/",code="200"}`, values: '0+600x60' },
        { series: `proxy_requests_total{${labels},route="/",code="502"}`, values: '0+60x60' },
        { series: `proxy_backend_health{${labels},pool="users",upstream="u1"}`, values: '0+0x60' },
      ],
      ['GatewrightErrorRate', 'GatewrightFewHealthyEndpoints', 'GatewrightNoHealthyEndpoint'],
    ],
    [
      'ejections, a budget that is spent, a late event loop, a certificate',
      [
        { series: `proxy_build_info{${labels}}`, values: '1+0x60' },
        { series: `proxy_upstream_ejections_total{${labels},pool="users",upstream="u1"}`, values: '0+1x60' },
        { series: `proxy_retries_refused_total{${labels},route="/",reason="status 503"}`, values: '0+60x60' },
        { series: `proxy_event_loop_delay_p99_seconds{${labels}}`, values: '0.5+0x60' },
        {
          series: `proxy_tls_certificate_expiry_timestamp_seconds{${labels},listener="https://a:443"}`,
          values: '86400+0x200',
        },
      ],
      [
        'GatewrightCertificateExpiry',
        'GatewrightEjections',
        'GatewrightEventLoopDelay',
        'GatewrightRetryBudgetSpent',
      ],
    ],
  ])('has Prometheus tell of %s', (_, inputs, firing) => {
    const expr = 'count by (alertname) (ALERTS{alertstate="firing"})'
    const expected = firing.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 }))
    const tests = [
      {
        interval: '1m',
        input_series: inputs.length > 0 ? inputs : [{ series: 'up', values: '0+0x60' }],
        promql_expr_test: [{ expr, eval_time: '1h', exp_samples: expected }],
      },
    ]
    const file = written('alerts.json', {
      rule_files: [`${ROOT}${FOLDER}alerts.yaml`],
      evaluation_interval: '1m',
      tests,
    })
    expect(promtool(['test', 'rules', file])).toEqual({ ok: true, said: expect.stringContaining('SUCCESS') })
  })
})
