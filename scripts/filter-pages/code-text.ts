/** Whether brackets are open at each place; braces, brackets and parentheses alike. */
export function* withDepth(text: string): Iterable<{ at: number; letter: string; depth: number }> {
  let depth = 0
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (quote !== undefined) {
      if (letter === '\\') at++
      else if (letter === quote) quote = undefined
      continue
    }
    if (letter === "'" || letter === '"' || letter === '`') quote = letter
    if ('}])'.includes(letter)) depth--
    yield { at, letter, depth }
    if ('{[('.includes(letter)) depth++
  }
}

/** Code on one line, as Biome would write it if it were short enough. */
export function flatCode(code: string): string {
  return code
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/([([]) /g, '$1')
    .replace(/,? ([)\]])/g, '$1')
    .replace(/(^|[:(=<] ?)\| /g, '$1')
}
