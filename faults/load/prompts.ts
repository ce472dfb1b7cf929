import { EXIT_REFUSED } from '../../cli/exit-codes.ts'
import { explainError } from '../../cli/explain-error.ts'
import { scoreByUpdate } from '../../cli/temporal/prompt-workflow.ts'
import type { Answer } from '../history.ts'
import type { Doors } from '../stage/doors.ts'
import { answerOf, type Load } from './load.ts'

const PERSON = 'faults'

/**
 * Asks for a person's attention, from a lease that has some, and scores it once, twice, at once by both ways, or not at
 * all, before or after its time is over.
 */
export const prompts: Load = {
  name: 'prompts',
  everyMs: 900,
  async act(scene) {
    const { market: marketId, doors, random } = scene
    const agent = random.pick(scene.agents)
    const mark = `prompt-${scene.history.nextSerial()}`
    const request = {
      marketId,
      agent,
      text: mark,
      amountMicro: BigInt(random.between(1, 5_000_000)),
      expiresInSeconds: random.between(1, 5),
      key: mark,
    }
    const scores = {
      interesting: random.between(1, 10),
      useful: random.below(11),
      understandable: random.below(11),
    }
    const opened = await scene.doKeyed({ kind: 'prompt', agent, mark, key: mark }, async () =>
      answerOf(await doors.attention.openPrompt(request), prompt => prompt.promptId),
    )
    const promptId = opened.answers[0]
    if (promptId === undefined) return
    await scene.pause(random.below(1_500))
    const score = (ask: () => Promise<Answer>) =>
      scene.doKeyed({ kind: 'scored prompt', agent, mark: promptId, key: promptId }, ask)
    const straight = () =>
      score(async () =>
        answerOf(await doors.attention.scorePrompt({ promptId, scores, actor: PERSON }), () => promptId),
      )
    const byUpdate = () => score(() => askWorkflow(doors, promptId, { ...scores, actor: PERSON }))
    const endings = random.pick([[straight], [byUpdate], [straight, byUpdate], []])
    await Promise.all(endings.map(end => end()))
  },
}

async function askWorkflow(
  { temporal, taskQueue, attention }: Doors,
  promptId: string,
  message: Parameters<typeof scoreByUpdate>[3],
): Promise<Answer> {
  const found = await attention.findPrompt(promptId)
  if (!found.ok) return { refused: found.error.code }
  try {
    await scoreByUpdate(temporal, taskQueue, found, message)
    return { acknowledged: promptId }
  } catch (error) {
    const { exitCode, report } = explainError(error)
    if (exitCode !== EXIT_REFUSED || report.code === 'internal_error') throw error
    return { refused: report.code }
  }
}
