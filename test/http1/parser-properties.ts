import { METHODS } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { requestSample, responseSample, type Sample } from './message-arbitraries.ts'
import { type NodeReading, nodeReadsRequest, nodeReadsResponse } from './node-parser.ts'
import { cutAt, type Reading, readRequest, readResponse } from './read-message.ts'

/** What came of all the messages of a run, to see that it tried what it is meant to try. */
export interface Tally {
  readonly verdicts: Record<string, number>
  /** Messages that we took whole, and Node read in the same way. */
  agreed: number
  /** By our reason: messages that we refused and Node took. Counted only when asked for. */
  readonly stricter: Record<string, number>
  readonly examples: Record<string, string>
}

export function newTally(): Tally {
  return { verdicts: {}, agreed: 0, stricter: {}, examples: {} }
}

interface PropertyOptions {
  readonly tally?: Tally
  /** Also has Node read what we refuse, to learn where we are stricter. */
  readonly askAboutRefused?: boolean
}

/** The same bytes are read in the same way however they come, and Node takes what we take, and reads the same. */
export function requestProperty(options: PropertyOptions = {}): fc.IAsyncProperty<[Sample]> {
  return fc.asyncProperty(requestSample, (it) => check(it, options, readRequest, askNodeAboutRequest))
}

export function responseProperty(options: PropertyOptions = {}): fc.IAsyncProperty<[Sample]> {
  return fc.asyncProperty(responseSample, (it) =>
    check(
      it,
      options,
      (pieces) => readResponse(pieces),
      (bytes) => nodeReadsResponse(bytes),
    ),
  )
}

async function check(
  { bytes, pieces }: Sample,
  { tally = newTally(), askAboutRefused = false }: PropertyOptions,
  read: (pieces: readonly Buffer[]) => Reading,
  askNode: (bytes: string, ours: Reading) => Promise<NodeReading>,
): Promise<void> {
  const whole = read(cutAt(bytes, []))
  const inPieces = read(pieces)
  if (!isDeepStrictEqual(whole, inPieces)) fail('in pieces it is read differently', bytes, whole, inPieces)
  if (whole.written !== whole.rewritten)
    fail('its lines go on otherwise than they were read', bytes, whole, '')
  const { verdict, part } = whole
  tally.verdicts[verdict] = (tally.verdicts[verdict] ?? 0) + 1
  const headTaken = part === 'body'
  if (!headTaken && (verdict === 'incomplete' || !askAboutRefused)) return
  // What follows the message is another one, or none.
  const node = await askNode(verdict === 'accept' ? bytes.slice(0, whole.length) : bytes, whole)
  if (headTaken) {
    compareHeads(bytes, whole, node)
    if (verdict === 'accept') compareBodies(bytes, whole, node)
    if (verdict === 'accept') tally.agreed++
  }
  if (verdict !== 'accept' && verdict !== 'incomplete' && node.complete) {
    const { fault = '' } = whole
    tally.stricter[fault] = (tally.stricter[fault] ?? 0) + 1
    const example = tally.examples[fault]
    if (example === undefined || bytes.length < example.length) tally.examples[fault] = bytes
  }
}

/** llhttp knows some methods alone; for the comparison any other stands as GET. */
async function askNodeAboutRequest(bytes: string, ours: Reading): Promise<NodeReading> {
  const [method] = ours.start
  if (method === undefined || METHODS.includes(String(method))) return nodeReadsRequest(bytes)
  const node = await nodeReadsRequest(bytes.replace(String(method), 'GET'))
  if (node.start !== undefined) node.start[0] = method
  return node
}

function compareHeads(bytes: string, ours: Reading, node: NodeReading): void {
  if (node.start === undefined) fail(`Node refuses the head: ${node.error}`, bytes, ours, node)
  if (!isDeepStrictEqual(node.start, ours.start)) fail('Node reads another start line', bytes, ours, node)
  if (!isDeepStrictEqual(node.headers, ours.headers)) fail('Node reads other headers', bytes, ours, node)
}

function compareBodies(bytes: string, ours: Reading, node: NodeReading): void {
  // What follows CONNECT is no message to Node; nor is it to us, who refuse the method later.
  if (ours.start[0] === 'CONNECT') return
  // An error behind the end would mean that Node saw the end earlier than we did.
  if (!node.complete || node.error?.startsWith('HPE_'))
    fail(`Node ends elsewhere: ${node.error}`, bytes, ours, node)
  if (node.body !== ours.body) fail('Node reads another body', bytes, ours, node)
  if (!isDeepStrictEqual(node.trailers, ours.trailers)) fail('Node reads other trailers', bytes, ours, node)
}

function fail(what: string, bytes: string, ours: unknown, theirs: unknown): never {
  throw new Error(
    `${what}\nbytes ${JSON.stringify(bytes)}\nwe ${JSON.stringify(ours)}\nand ${JSON.stringify(theirs)}`,
  )
}
