import type { SpanContext, TraceState } from '@opentelemetry/api'
import { FieldKind, fieldName } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import { readB3Multi, readB3Single, writeB3Multi, writeB3Single } from './b3.ts'
import { normalBaggage } from './baggage.ts'
import { TraceFields } from './trace-fields.ts'
import { parseTraceParent, traceParentText } from './trace-parent.ts'
import { KeptTraceState, normalTraceState } from './trace-state.ts'

/** The fields that say which trace a request belongs to: W3C Trace Context, or B3 in one field or in several. */
export type Propagation = 'w3c' | 'b3' | 'b3-multi'

export const PROPAGATIONS: readonly Propagation[] = ['w3c', 'b3', 'b3-multi']

/** What a request has said of its trace. */
export interface Incoming {
  readonly context: SpanContext | undefined
  /** The `baggage`, as one valid line. */
  readonly baggage: string | undefined
}

interface Format {
  read(fields: TraceFields): SpanContext | undefined
  /** There is one field of each name when it is through, whatever there was before. */
  write(headers: HeaderList, context: SpanContext): void
}

/** Reads and writes the fields that say which trace a request belongs to. */
export class Propagator {
  readonly #formats: readonly Format[]

  constructor(propagations: readonly Propagation[]) {
    this.#formats = propagations.map((it) => FORMATS[it])
  }

  /** Takes them out of a head, those of other formats too. `undefined` where there were none. It never throws. */
  take(headers: HeaderList): Incoming | undefined {
    if (!headers.hasKind(FieldKind.trace)) return undefined
    const fields = new TraceFields(headers.takeKinds(FieldKind.trace))
    let context: SpanContext | undefined
    for (const format of this.#formats) {
      context = format.read(fields)
      if (context !== undefined) break
    }
    const baggage = normalBaggage(fields.lines('baggage'))
    return context === undefined && baggage === undefined ? undefined : { context, baggage }
  }

  /** Puts a context into a head, in the place of any other. */
  write(headers: HeaderList, context: SpanContext): void {
    for (const format of this.#formats) format.write(headers, context)
  }
}

const FORMATS: Readonly<Record<Propagation, Format>> = {
  w3c: { read: readW3c, write: writeW3c },
  b3: { read: readB3Single, write: writeB3Single },
  'b3-multi': { read: readB3Multi, write: writeB3Multi },
}

function readW3c(fields: TraceFields): SpanContext | undefined {
  const line = fields.only('traceparent')
  const parent = line === undefined ? undefined : parseTraceParent(line)
  if (parent === undefined) return undefined
  const state = normalTraceState(fields.lines('tracestate'))
  return state === undefined ? parent : { ...parent, traceState: new KeptTraceState(state) }
}

const TRACEPARENT = fieldName('traceparent')
const TRACESTATE = fieldName('tracestate')

function writeW3c(headers: HeaderList, context: SpanContext): void {
  const { traceState } = context
  const state = traceState === undefined ? undefined : stateText(traceState)
  const parent = traceParentText(context)
  // What is at the end of a head as it was parsed costs least.
  if (!headers.hasKind(FieldKind.trace)) {
    headers.appendOwn(TRACEPARENT, parent)
    if (state !== undefined) headers.appendOwn(TRACESTATE, state)
    return
  }
  headers.set('traceparent', parent)
  if (state === undefined) headers.delete('tracestate')
  else headers.set('tracestate', state)
}

/** A sampler of the user's own may have given it, so it is looked at like one that came from outside. */
function stateText(state: TraceState): string | undefined {
  try {
    const text = state.serialize()
    return state instanceof KeptTraceState ? text : normalTraceState([text])
  } catch {
    return undefined
  }
}
