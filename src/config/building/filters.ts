import type { Filter } from '../../core/handler.ts'
import { filterParts } from '../filter-parts.ts'
import type { NamedPart } from '../part.ts'
import { type ConfigNode, child } from '../reading/config-node.ts'
import { partOf } from '../schema/filters-schema.ts'
import { moduleValue, optionsObject } from '../schema/values.ts'
import type { Building, Read } from './building.ts'
import { fingerprintOf } from './memo.ts'

/** Filters that were made, and what tells them from others. */
export interface MadeFilters {
  readonly filters: readonly Filter[]
  readonly fingerprint: string
}

/** Makes the filters of a list, outermost first. `scope`: whose they are. */
export async function makeFilters(
  node: ConfigNode | undefined,
  scope: string,
  building: Building,
): Promise<MadeFilters> {
  if (node?.kind !== 'list') return { filters: [], fingerprint: '' }
  const filters: Filter[] = []
  const fingerprints: string[] = []
  for (const item of node.items) {
    const maker = await makerOf(
      item,
      filterParts,
      'a filter, a function (exchange, next) => response',
      building,
    )
    if (maker === undefined) continue
    const { value: make, fingerprint } = maker
    const filter = await building.attempt(optionsOf(item), () => building.memo.make(scope, fingerprint, make))
    if (filter !== undefined) filters.push(filter)
    fingerprints.push(fingerprint)
  }
  return { filters, fingerprint: fingerprintOf(...fingerprints) }
}

/** How to make what an item names: a part with its options, or an export of the user's, which is made already. */
export async function makerOf<Made extends object>(
  item: ConfigNode,
  parts: Readonly<Record<string, NamedPart<Made>>>,
  exported: string,
  building: Building,
): Promise<Read<() => Made> | undefined> {
  const module = child(item, 'module')
  if (module !== undefined) {
    const loaded = await building.read<Made>(moduleValue(exported), item)
    if (loaded === undefined) return undefined
    if (typeof loaded.value === 'function') return { ...loaded, value: () => loaded.value }
    building.problem(module, `the export must be ${exported}`)
    return undefined
  }
  const { name, options } = named(item)
  const part = name === undefined ? undefined : partOf(parts, name)
  if (name === undefined || part === undefined) return undefined
  const read =
    options === undefined
      ? { value: {}, fingerprint: '' }
      : await building.read<object>(optionsObject(part.schema, part.required), options)
  const make = await building.attempt(item, part.load)
  if (read === undefined || make === undefined) return undefined
  return { value: () => make(read.value as never), fingerprint: fingerprintOf(name, read.fingerprint) }
}

interface Named {
  readonly name: string | undefined
  readonly options: ConfigNode | undefined
}

function named(item: ConfigNode): Named {
  if (item.kind === 'scalar')
    return { name: typeof item.value === 'string' ? item.value : undefined, options: undefined }
  const [entry] = item.kind === 'map' && item.entries.size === 1 ? [...item.entries] : []
  return { name: entry?.[0], options: entry?.[1].node }
}

/** What errors of an item's options are told of. */
export function optionsOf(item: ConfigNode): ConfigNode {
  return named(item).options ?? item
}
