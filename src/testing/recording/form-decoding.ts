/** Form-decoded; what cannot be decoded stays as it is. */
export function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Percent-decoded once. Where something in it cannot be decoded, the rest is. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/%([0-7][\da-f])/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
  }
}

const MOST_CODINGS = 8

/** Decoded until nothing is left to decode: a name that is encoded twice is still that name. */
export function fullyDecoded(text: string): string {
  let plain = text.replace(/\\+u([\da-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  for (let i = 0; i < MOST_CODINGS && plain.includes('%'); i++) {
    const next = percentDecoded(plain)
    if (next === plain) break
    plain = next
  }
  return plain
}

/** Percent-encoded but for slashes, as people write paths into parameters. */
export function encodedPath(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/')
}
