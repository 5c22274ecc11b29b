import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { flawsOf, type Manifest } from './manifest-checks.ts'

const FOLDER = 'deploy/kubernetes'

interface Deployment extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels }
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec }
  }
}

interface PodSpec {
  readonly serviceAccountName: string
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly {
    readonly args: readonly string[]
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
    readonly readinessProbe: Probe
    readonly livenessProbe: Probe
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } }
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  }[]
  readonly volumes: readonly { readonly name: string }[]
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}

interface Service extends Manifest {
  readonly spec: {
    readonly selector: Labels
    readonly ports: readonly { readonly name: string; readonly targetPort: string }[]
  }
}

type Labels = Readonly<Record<string, string>>

const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml')
const manifests = files.flatMap(read)

describe('manifests for Kubernetes', () => {
  test('are all named by kustomization.yaml', () => {
    const { resources } = parse(text('kustomization.yaml')) as { resources: string[] }
    expect(resources.toSorted()).toEqual(files.toSorted())
  })

  test('are as the schemas of their kinds have them', async () => {
    expect(manifests.length).toBeGreaterThan(9)
    expect(await flawsOf(manifests)).toEqual([])
  })

  test('are seen where they are not', async () => {
    const deployment = structuredClone(one<Deployment>('Deployment'))
    const [container] = deployment.spec.template.spec.containers
    Object.assign(deployment.spec.template.spec, { terminationGracePeriodSeconds: '40s' })
    Object.assign(container!, { readynessProbe: container!.readinessProbe })
    const flaws = await flawsOf([deployment])
    expect(flaws.join('\n')).toContain('terminationGracePeriodSeconds must be integer')
    expect(flaws.join('\n')).toMatch(/readynessProbe.* does not exist/)
  })

  test('fit each other', () => {
    const { spec } = one<Deployment>('Deployment')
    const { labels } = spec.template.metadata
    const pod = spec.template.spec
    const [container] = pod.containers
    const ports = new Map(container!.ports.map(({ name, containerPort }) => [name, containerPort]))

    expect(labels).toMatchObject(spec.selector.matchLabels)
    for (const service of manifests.filter((it): it is Service => it.kind === 'Service')) {
      expect(labels).toMatchObject(service.spec.selector)
      for (const { targetPort } of service.spec.ports) expect(ports.has(targetPort)).toBe(true)
    }
    for (const kind of ['PodDisruptionBudget', 'ServiceMonitor'])
      expect(one<Manifest & { spec: object }>(kind).spec).toHaveProperty('selector')
    expect(pod.serviceAccountName).toBe(one('ServiceAccount').metadata.name)
    expect(pod.volumes.map(({ name }) => name)).toEqual(container!.volumeMounts.map(({ name }) => name))
    expect(container!.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'admin' })
    expect(container!.livenessProbe.httpGet).toEqual({ path: '/health', port: 'admin' })
    expect([...ports.keys()]).toEqual(['http', 'admin'])
  })

  test('may read what discovery reads', () => {
    expect(one<Manifest & { rules: unknown }>('Role').rules).toEqual([
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
    ])
  })
})

describe('docs/guides/kubernetes.md', () => {
  const guide = readFileSync('docs/guides/kubernetes.md', 'utf8')
  const snippets = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, snippet]) => snippet!)

  test.each(snippets.map((snippet) => [snippet.split('\n')[0]!, snippet]))(
    'shows what there is: %s',
    (_, snippet) => {
      const lines = plainLines(snippet)
      expect(files.some((name) => plainLines(text(name)).includes(lines))).toBe(true)
    },
  )
})

/** Without indentation. */
function plainLines(yaml: string): string {
  return yaml.replace(/^ +/gm, '').trim()
}

function one<T extends Manifest = Manifest>(kind: string): T {
  const found = manifests.find((it) => it.kind === kind)
  if (found === undefined) throw new Error(`there is no ${kind}`)
  return found as T
}

function read(name: string): Manifest[] {
  return parseAllDocuments(text(name)).map((document) => document.toJS() as Manifest)
}

function text(name: string): string {
  return readFileSync(`${FOLDER}/${name}`, 'utf8')
}
