import { nearest } from '../../core/nearest.ts'
import type { Pool } from '../../pool/pool.ts'
import type { ConfigNode } from '../reading/config-node.ts'
import type { Building } from './building.ts'
import type { Loaded } from './modules.ts'
import { UpstreamMaker } from './upstream-maker.ts'

/** An upstream that was made. */
export interface MadePool extends Loaded {
  readonly value: Pool
}

/** The pools of a configuration, each made when it is first asked for, since one may name another. */
export class Upstreams {
  readonly #nodes: ReadonlyMap<string, ConfigNode>
  readonly #building: Building
  readonly #made = new Map<string, Promise<MadePool | undefined>>()
  /** Those that are being made now, each for the one before it. */
  readonly #trail: string[] = []

  constructor(upstreams: ConfigNode | undefined, building: Building) {
    this.#nodes = new Map(
      upstreams?.kind === 'map' ? [...upstreams.entries].map(([name, { node }]) => [name, node]) : [],
    )
    this.#building = building
  }

  get names(): readonly string[] {
    return [...this.#nodes.keys()]
  }

  /** The one that a text names; `undefined` where there is none that can be used: then there is a problem that says why. */
  async named(node: ConfigNode): Promise<MadePool | undefined> {
    if (node.kind !== 'scalar' || node.failed === true) return undefined
    const name = node.text ?? String(node.value)
    if (!this.#nodes.has(name)) {
      const { names } = this
      const expected = `the name of an upstream (${names.join(', ') || 'there is none'})`
      this.#building.wrong(node, expected, nearest(name, names))
      return undefined
    }
    if (this.#trail.includes(name)) {
      const circle = [...this.#trail.slice(this.#trail.indexOf(name)), name].join(' -> ')
      this.#building.problem(node, `makes upstreams need each other in a circle: ${circle}`)
      return undefined
    }
    return this.get(name)
  }

  async get(name: string): Promise<MadePool | undefined> {
    let made = this.#made.get(name)
    if (made === undefined) {
      made = this.#make(name, this.#nodes.get(name)!)
      this.#made.set(name, made)
    }
    return made
  }

  async #make(name: string, node: ConfigNode): Promise<MadePool | undefined> {
    this.#trail.push(name)
    try {
      return await new UpstreamMaker(name, node, this.#building, this).make()
    } finally {
      this.#trail.pop()
    }
  }
}
