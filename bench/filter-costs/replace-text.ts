import { replaceText } from 'gatewright/filters/replace-text'
import type { FilterCost } from './filter-cost.ts'

const page = '<a href="http://shop.internal/cart">cart</a><p>and some text that stays as it is</p>\n'.repeat(
  50,
)
const response = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`

export const costs: readonly FilterCost[] = [
  {
    name: 'replaceText, 50 matches in 4 KiB',
    filters: () => [replaceText('http://shop.internal', 'https://shop.example')],
    response,
  },
]
