import { expect, test } from 'vitest'
import { virtualClock } from '../../testing/index.ts'
import { type Question, QuestionQueue } from './question-queue.ts'

function queue() {
  const clock = virtualClock()
  const sent: (readonly Question[])[] = []
  const due: (() => void)[] = []
  const it = new QuestionQueue({
    clock,
    soon: (call) => due.push(call),
    send: (_, questions) => sent.push(questions),
  })
  const endTurn = () => {
    for (const call of due.splice(0)) call()
  }
  return { clock, sent, it, endTurn }
}

test('an answer that is read in the turn in which its time is over is in time', async () => {
  const { clock, it, endTurn } = queue()
  const asked = it.ask(0, 'a')
  endTurn()
  await clock.advance(250)
  it.answered(0, ['yes'])
  endTurn()
  expect(await asked).toBe('yes')
  // Nothing was late, so that it is asked on.
  const next = it.ask(0, 'b')
  endTurn()
  it.answered(1, ['no'])
  expect(await next).toBe('no')
  expect(it.waiting).toBe(0)
})

test('each question has its own time', async () => {
  const { clock, sent, it, endTurn } = queue()
  const said: string[] = []
  const ask = (question: string) => {
    void it.ask(3, question).then(
      (answer) => said.push(`${question}: ${String(answer)}`),
      (error: Error) => said.push(`${question}: ${error.message}`),
    )
  }
  ask('a')
  ask('b')
  endTurn()
  await clock.advance(200)
  ask('c')
  endTurn()
  await clock.advance(50)
  endTurn()
  await clock.advance(49)
  expect(said).toEqual(['a', 'b'].map((it) => `${it}: the supervisor has not answered within 250 ms`))
  await clock.advance(151)
  endTurn()
  await clock.advance(0)
  expect(said.slice(2)).toEqual(['c: the supervisor has not answered within 250 ms'])
  it.answered(0, ['late', 'late'])
  ask('d')
  endTurn()
  it.answered(2, [undefined])
  await clock.advance(300)
  expect(said.slice(3)).toEqual(['d: the supervisor knows no answer'])
  expect(sent).toEqual([
    [
      [3, 'a'],
      [3, 'b'],
    ],
    [[3, 'c']],
    [[3, 'd']],
  ])
  it.close()
  expect([it.waiting, clock.pending]).toEqual([0, 0])
  await expect(it.ask(0, 'e')).rejects.toThrow('the supervisor is not asked, since it is gone')
})
