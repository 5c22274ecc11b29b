import type { MatchObject } from '../../core/match.ts'
import type { Schema } from './schema.ts'
import {
  anything,
  choice,
  either,
  expression,
  flag,
  integer,
  mapOf,
  moduleValue,
  object,
  oneOrMore,
  optionsObject,
  text,
  texts,
} from './values.ts'

const valueMatch: Schema = either(text, choice(true), expression)

/** What a route is for, under the keys that the builder has. */
export const matchSchema: Schema = optionsObject<MatchObject>({
  path: { type: 'string', pattern: '^/', expected: 'a path that begins with "/"' },
  exact: flag,
  host: text,
  methods: texts,
  headers: mapOf(valueMatch),
  query: mapOf(valueMatch),
  cookies: mapOf(valueMatch),
})

/** An answer that stands in the file. */
export const respondSchema: Schema = object(
  { status: integer(200, 599), body: text, json: anything, headers: mapOf(oneOrMore(text)) },
  { required: ['status'], expected: 'an answer, with its status' },
)

/** A list of routes, some of them groups of routes. */
export const routesSchema: Schema = {
  type: 'array',
  minItems: 1,
  items: object(
    {
      ...matchSchema.properties,
      filters: { $ref: '#/$defs/filters', expected: 'a list of filters, outermost first' },
      upstream: { ...text, expected: 'the name of an upstream' },
      respond: respondSchema,
      module: moduleValue('a handler').properties!.module!,
      routes: { $ref: '#/$defs/routes', expected: 'a list of routes' },
    },
    { expected: 'a route, with "upstream", "respond", "module" or "routes"' },
  ),
  expected: 'a list of routes, each with "upstream", "respond", "module" or "routes"',
}
