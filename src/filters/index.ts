export { type RedirectOptions, redirect } from './redirect.ts'
export { type RewriteOptions, type RewritePath, rewrite } from './rewrite.ts'
export { type StripPrefixOptions, stripPrefix } from './strip-prefix.ts'
