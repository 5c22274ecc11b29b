import type { ProxyView } from '../../core/proxy-view.ts'
import type { FigureFamily } from './family.ts'
import type { Put } from './readings.ts'

/** Makes a family whose values are read when they are asked for. */
export type Define = (
  name: string,
  help: string,
  labels: readonly string[],
  read: (put: Put) => void,
  /** How values of the same labels become one. Default: their sum. */
  merge?: (one: number, other: number) => number,
) => FigureFamily

/** Makes families that show how things stand with a proxy; there is none before it is started. */
export type ReadFamilies = (
  gauge: Define,
  counter: Define,
  view: () => ProxyView | undefined,
) => readonly FigureFamily[]
