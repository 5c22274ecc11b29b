import { describe, expect, it } from 'vitest'
import { type QueryLogging, QueryPrivacy, Redaction } from './query-privacy.ts'

const privacy = (logging: QueryLogging, ...redact: string[]) =>
  new QueryPrivacy('t', logging, new Redaction('t', redact))

describe('QueryPrivacy', () => {
  it.each<[QueryLogging, string, string | undefined]>([
    ['omit', 'a=1', undefined],
    ['keep', '', undefined],
    ['keep', 'a=1&b=2&c', 'a=1&b=2&c'],
    ['keep', 'page=2&access_token=x&PASSWORD=y', 'page=2&access_token=***&PASSWORD=***'],
    ['keep', 'email=a&x=1', 'email=***&x=1'],
    ['keep', '%65mail=a&%zz=1', '%65mail=***&%zz=1'],
    ['keep', 'api_key=1&X-Api-Key=2&sig=3&assign=4', 'api_key=***&X-Api-Key=***&sig=***&assign=4'],
    [
      'keep',
      'key=1&auth=2&pass=3&AWSAccessKeyId=4&Subscription-Key=5',
      'key=***&auth=***&pass=***&AWSAccessKeyId=***&Subscription-Key=***',
    ],
    [
      'keep',
      'keyword=1&author=2&passenger=3&idempotency-key=4',
      'keyword=1&author=2&passenger=3&idempotency-key=4',
    ],
    ['keep', 'a=1;token=2;b=3&c=4', 'a=1;token=***;b=3&c=4'],
    ['keep', '%74oken%zz=1&%zz%e9%74oken=2', '%74oken%zz=***&%zz%e9%74oken=***'],
    ['keep', '&&a=1;;', '&&a=1;;'],
    ['mask', 'a=1&b=&c', 'a=***&b=***&***'],
    ['mask', 'a=1;b=2;c', 'a=***;b=***;***'],
  ])('%s: of %j is left %j', (logging, query, left) => {
    expect(privacy(logging, 'Email').ofQuery(query)).toBe(left)
  })

  it.each([
    ['https://a.example/b?c=1#d', 'https://a.example/b'],
    ['https://ann:secret@a.example/b', 'https://a.example/b'],
    ['//ann@a.example/', '//a.example/'],
    ['/b#access_token=1', '/b'],
    ['https://a.example/@b', 'https://a.example/@b'],
    ['no url\n?x', 'no url\n'],
  ])('of the url %j is left %j where queries are omitted', (url, left) => {
    expect(privacy('omit').ofUrl(url)).toBe(left)
  })

  it('treats the query of a url as it does others', () => {
    expect(privacy('mask').ofUrl('https://a.example/b?c=1')).toBe('https://a.example/b?c=***')
  })
})
