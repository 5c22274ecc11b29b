import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const FOLDER = 'deploy/compose'

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly configs: Readonly<Record<string, unknown>>
}

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly image?: string
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly configs?: readonly { readonly source: string }[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
  readonly read_only?: boolean
}

const compose = parse(readFileSync(`${FOLDER}/compose.yaml`, 'utf8'), { merge: true }) as Compose
const services = Object.entries(compose.services)

describe('the Compose file', () => {
  test('has a gateway with two upstreams, a store, metrics and a dashboard', () => {
    expect(services.map(([name]) => name)).toEqual([
      ...['gateway', 'user-service-1', 'user-service-2', 'redis', 'prometheus', 'grafana'],
    ])
  })

  test.each(services)('%s is made of what there is', (_, { build, image, volumes = [], configs = [] }) => {
    expect(build ?? image).toBeDefined()
    if (build !== undefined) expect(existsSync(join(FOLDER, build.context, build.dockerfile))).toBe(true)
    for (const volume of volumes) expect(existsSync(join(FOLDER, volume.split(':')[0]!))).toBe(true)
    for (const { source } of configs) expect(compose.configs).toHaveProperty(source)
  })

  test.each(services)('%s is reached by this machine alone', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  test.each(services)('%s waits for services that say when they are there', (_, { depends_on = {} }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(compose.services).toHaveProperty(name)
      if (condition === 'service_healthy') expect(compose.services[name]!.healthcheck).toBeDefined()
    }
  })

  test('scrapes the admin listener of its gateway', () => {
    const scraped = parse(readFileSync(`${FOLDER}/prometheus.yaml`, 'utf8')).scrape_configs[0]
      .static_configs[0].targets
    const { admin } = parse(readFileSync(`${FOLDER}/gateway/gateway.yaml`, 'utf8')).proxy
    expect(scraped).toEqual(['gateway:9901'])
    expect(admin.allowed_hosts).toEqual(['gateway'])
  })
})

describe('the image', () => {
  const lines = readFileSync('deploy/Dockerfile', 'utf8').split('\n')
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))

  test('is run by a user who is not root, by number', () => {
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000'])
  })

  test('copies what there is', () => {
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1))
    expect(sources).toContain('deploy/gateway.yaml')
    for (const source of sources) expect(existsSync(source)).toBe(true)
  })

  test('begins with the command that the package has', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(last).toContain(`ENTRYPOINT ["node", "node_modules/gatewright/${bin.gatewright}"]`)
  })
})
