/** A text with places for parameters: `/users/:id/files/*`. */
export interface PathTemplate {
  /** In order of appearance. A plain wildcard is called `*`. */
  readonly names: readonly string[]
  /** `value` gives the text for a name, percent-encoded. */
  fill(value: (name: string, wildcard: boolean) => string): string
}

/** A port (`:8080`) and the colon of `https://` are no places, for a name begins with a letter. */
const PLACE = /:([A-Za-z_]\w*)|\*([A-Za-z_]\w*)?/g

/** Splits a template at its places. Characters outside ASCII are percent-encoded. */
export function parseTemplate(text: string): PathTemplate {
  const literals: string[] = []
  const places: { readonly name: string; readonly wildcard: boolean }[] = []
  let end = 0
  for (const found of text.matchAll(PLACE)) {
    literals.push(encoded(text.slice(end, found.index)))
    places.push({ name: found[1] ?? found[2] ?? '*', wildcard: found[1] === undefined })
    end = found.index + found[0].length
  }
  const last = encoded(text.slice(end))
  return {
    names: places.map(({ name }) => name),
    fill(value) {
      let result = ''
      for (const [i, { name, wildcard }] of places.entries()) {
        result += literals[i]!
        result += value(name, wildcard)
      }
      return result + last
    },
  }
}

function encoded(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()))
}
