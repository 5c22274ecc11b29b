import { describe, expect, it } from 'vitest'
import { noChromium, withChromium } from './chromium.ts'
import { StandIn } from './stand-in.ts'

describe.skipIf(noChromium)('dashboard, of a listener that wants a token', () => {
  const open = withChromium()

  it('asks for it, says when it is wrong, and keeps it in the tab alone', async () => {
    await using standIn = await new StandIn().start()
    standIn.token = 'open sesame'
    await using watched = await open(standIn.url)
    const { page } = watched
    const input = page.getByLabel('Token', { exact: true })
    await input.waitFor()
    expect(await page.locator(':focus').getAttribute('id')).toBe('token')
    expect(await page.getByRole('main').isVisible()).toBe(false)

    await input.fill('wrong ☂')
    await input.press('Enter')
    await page.getByText('That token was not accepted.').waitFor()
    await input.fill('open sesame')
    await input.press('Enter')
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    expect(await input.isVisible()).toBe(false)
    expect(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual([
      0,
      1,
      '',
    ])

    await page.reload()
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    standIn.token = 'another one'
    await page.getByText('That token was not accepted.').waitFor()
  })
})
