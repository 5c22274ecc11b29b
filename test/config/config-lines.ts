/** One line of a configuration in block style. */
export interface ConfigLine {
  /** From 1 on. */
  readonly line: number
  readonly text: string
  /** The way to what stands there: `proxy.upstreams.users[0].weight`. */
  readonly path: string
  /** The last key of it; `undefined` for an item of a list that is a value alone. */
  readonly key: string | undefined
  /** What stands behind the key; `undefined` where that begins on the next line. */
  readonly value: string | undefined
}

/** What a line stands within. */
interface Level {
  readonly indent: number
  readonly path: string
  /** Which item of a list it is. */
  readonly item?: number
}

/** Finds out where everything stands without any parser, so that one can be checked against it. Lists stand further in than their keys. */
export function configLines(text: string): ConfigLine[] {
  const levels: Level[] = []
  const leave = (indent: number) => {
    while (levels.length > 0 && levels.at(-1)!.indent >= indent) levels.pop()
  }
  return text.split('\n').flatMap((line, i): ConfigLine[] => {
    const found = /^( *)(- )?(?:([^\s:]+):(?: (.*))?|(\S.*))$/.exec(line)
    if (found === null) return []
    const [, { length: indent } = '', dash, key, value, item] = found
    if (dash !== undefined) {
      const before = levels.findLast((level) => level.indent === indent)?.item ?? -1
      leave(indent)
      const list = levels.at(-1)?.path ?? ''
      levels.push({ indent, path: `${list}[${before + 1}]`, item: before + 1 })
    }
    const within = indent + (dash?.length ?? 0)
    if (dash === undefined || key !== undefined) leave(within)
    const above = levels.at(-1)?.path ?? ''
    if (key === undefined) return [{ line: i + 1, text: line, path: above, key, value: item }]
    const path = /^[\w$-]+$/.test(key)
      ? `${above}.${key}`.replace(/^\./, '')
      : `${above}[${JSON.stringify(key)}]`
    levels.push({ indent: within, path })
    return [{ line: i + 1, text: line, path, key, value }]
  })
}
