import { Body } from '../core/body.ts'
import { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import type { Exposed, Exposition } from '../core/proxy-view.ts'
import { Refusal } from './problem-answer.ts'

/** What the proxy tells Prometheus, piece by piece. */
export function metricsAnswer(
  expositions: readonly Exposition[],
  accept: string | undefined,
): ResponseMessage {
  const [first, ...more] = expositions
  if (first === undefined)
    throw new Refusal(404, 'Not found', 'the proxy has no metrics: add metrics() of gatewright/filters to it')
  // OpenMetrics has an end, behind which no other one can stand. The text format of old has none.
  const exposed = more.length === 0 ? [first.expose(accept)] : expositions.map((it) => it.expose(undefined))
  const headers = new HeaderList().append('Content-Type', exposed[0]!.contentType)
  return new ResponseMessage(200, headers, Body.from(bytesOf(exposed)))
}

async function* bytesOf(all: readonly Exposed[]): AsyncGenerator<Uint8Array> {
  for (const { pieces } of all) for await (const piece of pieces) yield Buffer.from(piece)
}
