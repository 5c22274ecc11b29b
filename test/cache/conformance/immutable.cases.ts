import { at, type CacheCase } from './case.ts'
import { answered, asking, control, hit, miss, notReused, requirement } from './steps.ts'

const IMMUTABLE = control('max-age=60, immutable')
const TAGGED = { ...IMMUTABLE, ETag: '"1"' }

export const cases: readonly CacheCase[] = [
  ...requirement(
    '8246 2',
    'should',
    'While it is fresh, a response that is immutable is not validated for a reload.',
    {
      'immutable-reload': [answered(IMMUTABLE), { advance: '10s' }, hit(asking('max-age=0'))],
      'immutable-reload-to-the-last-second': [
        answered(IMMUTABLE),
        { advance: '59s' },
        hit(asking('max-age=0')),
      ],
      'immutable-reload-with-a-condition': [
        answered(TAGGED),
        hit({ headers: { ...control('max-age=0'), 'If-None-Match': '"1"' } }, { status: 304, body: '' }),
      ],
      'immutable-reload-with-another-condition': [
        answered(TAGGED),
        hit({ headers: { ...control('max-age=0'), 'If-None-Match': '"2"' } }),
      ],
      'immutable-in-another-order': [answered(control('immutable, max-age=60')), hit(asking('max-age=0'))],
      'immutable-in-another-line': [answered(control('max-age=60', 'immutable')), hit(asking('max-age=0'))],
      'immutable-in-upper-case': [answered(control('max-age=60, IMMUTABLE')), hit(asking('max-age=0'))],
      'immutable-with-s-maxage': [answered(control('s-maxage=60, immutable')), hit(asking('max-age=0'))],
      'immutable-with-expires': [
        answered({ ...control('immutable'), Date: at(0), Expires: at(60) }),
        hit(asking('max-age=0')),
      ],
    },
  ),

  ...requirement('8246 2', 'must', 'immutable says nothing of a response that is stale.', {
    'immutable-stale': [
      answered(TAGGED),
      { advance: '60s' },
      miss({}, { asked: { headers: { 'If-None-Match': '"1"' } } }),
    ],
    'immutable-stale-reload': [answered(IMMUTABLE), { advance: '60s' }, miss(asking('max-age=0'))],
    'immutable-with-max-age-0': notReused(control('max-age=0, immutable')),
    'immutable-without-a-lifetime': notReused({ ...control('immutable'), ETag: '"1"' }),
    'immutable-with-a-window': [
      answered(control('max-age=10, immutable, stale-while-revalidate=60')),
      { advance: '10s' },
      miss(asking('max-age=0')),
    ],
  }),

  ...requirement('8246 2', 'must', 'immutable lengthens no lifetime.', {
    'immutable-and-its-lifetime': [answered(IMMUTABLE), { advance: '59s' }, hit(), { advance: '1s' }, miss()],
    'immutable-and-its-age': [answered({ ...IMMUTABLE, Age: '60' }), miss(asking('max-age=0'))],
  }),

  ...requirement(
    '8246 2.1',
    'should',
    'A client that wants a validation says so with no-cache, and gets it.',
    {
      'immutable-no-cache': [answered(IMMUTABLE), miss(asking('no-cache'))],
      'immutable-pragma': [answered(IMMUTABLE), miss({ headers: { Pragma: 'no-cache' } })],
    },
  ),

  ...requirement('8246 2', 'own', 'Other limits of clients count for what is immutable too.', {
    'immutable-request-max-age': [answered(IMMUTABLE), { advance: '10s' }, miss(asking('max-age=5'))],
    'immutable-request-min-fresh': [answered(IMMUTABLE), { advance: '10s' }, miss(asking('min-fresh=55'))],
  }),

  ...requirement('8246 2', 'should', 'Arguments of immutable mean nothing.', {
    'immutable-with-argument': [answered(control('max-age=60, immutable=1')), hit(asking('max-age=0'))],
    'immutable-with-quoted-argument': [
      answered(control('max-age=60, immutable="x"')),
      hit(asking('max-age=0')),
    ],
    'immutable-twice': [answered(control('immutable, max-age=60, immutable')), hit(asking('max-age=0'))],
  }),

  ...requirement('8246 2', 'must', 'immutable goes over nothing that forbids.', {
    'immutable-no-store': notReused(control('max-age=60, immutable, no-store')),
    'immutable-private': notReused(control('max-age=60, immutable, private')),
    'immutable-of-responses-with-no-cache': notReused(control('max-age=60, immutable, no-cache')),
  }),

  ...requirement('8246 2', 'must', 'Without immutable, a reload is validated.', {
    'reload-without-immutable': [
      answered({ ...control('max-age=60'), ETag: '"1"' }),
      miss(asking('max-age=0'), { asked: { headers: { 'If-None-Match': '"1"' } } }),
    ],
    'reload-with-immutable-in-quotes': [
      answered(control('max-age=60, foo="immutable"')),
      miss(asking('max-age=0')),
    ],
  }),
]
