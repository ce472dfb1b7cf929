import type { CollectedEvent } from '../collected-event.ts'
import { isSoAt } from '../compare.ts'
import { containsText, textsIn } from '../contains-text.ts'
import { describeLiteral } from '../describe-matcher.ts'
import { handedIn, outputOf } from '../handed-in.ts'
import { findMatches } from '../match-event.ts'
import { outputProblems } from '../output-problems.ts'
import { isRepresented } from '../represented.ts'
import type { Check } from '../verdict.ts'
import type { CheckContext } from './context.ts'

type Finding = Pick<Check, 'name' | 'ok' | 'lookedFor' | 'found'>

/** Whether the result that was handed in last is what it must be. */
export function checkOutput(context: CheckContext): Check[] {
  const { output_validation: asked } = context.scenario.validation
  if (asked === undefined) return []
  const event = handedIn(context.trial, asked.label)
  const output = event === null ? undefined : outputOf(event)
  const decidedBy = event === null ? [] : [event.event_id]
  const isThere: Finding = {
    name: 'output_validation',
    ok: event !== null,
    lookedFor: asked.label === undefined ? 'a result' : `a result labelled ${JSON.stringify(asked.label)}`,
    found: event === null ? 'none was handed in' : 'one, the last that was handed in',
  }
  const findings = event === null ? [isThere] : [isThere, ...findingsOf(context, output)]
  const checks = findings.map((finding): Check => ({ ...finding, kind: 'output_validation', decidedBy }))
  return event === null ? checks : [...checks, ...checkSources(context, event)]
}

function findingsOf({ scenario, bindings }: CheckContext, output: unknown): Finding[] {
  const { output_validation: asked } = scenario.validation
  const { output_schema: schema } = scenario.task
  const findings: Finding[] = []
  if (asked!.schema_conformance && schema !== undefined) {
    const problems = outputProblems(output, schema)
    findings.push({
      name: 'output_validation.schema_conformance',
      ok: problems.length === 0,
      lookedFor: "a result that is what the task's output_schema says",
      found: problems.length === 0 ? 'it is' : problems.join('; '),
    })
  }
  for (const [index, { source, path, is }] of asked!.expects.entries()) {
    const ok = isSoAt({ output }, path === '' ? 'output' : `output.${path}`, is, bindings)
    findings.push({
      name: `output_validation.expects[${index}]`,
      ok,
      lookedFor: `${path} ${describeLiteral(is)}, as ${source} tells`,
      found: ok ? 'it is there' : 'it is not there',
    })
  }
  for (const [index, { name, any_of: texts }] of asked!.texts.entries()) {
    const found = texts.find(text => containsText(output, text))
    findings.push({
      name: `output_validation.texts[${index}]`,
      ok: found !== undefined,
      lookedFor: `${name}: one of ${texts.map(text => JSON.stringify(text)).join(', ')}`,
      found: found === undefined ? 'none of them' : JSON.stringify(found),
    })
  }
  if (asked!.words_max !== undefined) {
    const words = textsIn(output).reduce((sum, text) => sum + countWords(text), 0)
    const ok = words <= asked!.words_max
    findings.push({
      name: 'output_validation.words_max',
      ok,
      lookedFor: `at most ${asked!.words_max} words`,
      found: `${words}`,
    })
  }
  return findings
}

/** Words are what white space separates. */
function countWords(text: string): number {
  return text.split(/\s+/).filter(word => word !== '').length
}

/** Whether every seeded service was called with success before the result was handed in, and is to be found in it. */
function checkSources({ scenario, trial, bindings }: CheckContext, handedInEvent: CollectedEvent): Check[] {
  const { output_validation: asked } = scenario.validation
  if (asked?.data_integration === undefined) return []
  const handedInAt = trial.events.indexOf(handedInEvent)
  const output = outputOf(handedInEvent)
  return scenario.initial_state.seeded.services.map(({ service, answers }) => {
    const matcher = {
      type: 'service_invoked',
      'data.service_name': service,
      'data.result': 'success',
    } as const
    const called = findMatches(trial, matcher, bindings).satisfied.find(index => index < handedInAt)
    const isExpected = asked.expects.some(({ source }) => source === service)
    const isToldOf =
      isExpected ||
      isRepresented(
        output,
        answers.map(answer => answer.result),
      )
    const missing = [
      ...(called === undefined ? ['no such call'] : []),
      ...(isToldOf ? [] : ['nothing that it tells']),
    ]
    return {
      name: `output_validation.data_integration.${service}`,
      kind: 'output_validation',
      ok: missing.length === 0,
      lookedFor: `a call of ${service} that succeeded before the result was handed in, and something that it tells`,
      found: missing.length === 0 ? 'both' : missing.join(', '),
      decidedBy: [...(called === undefined ? [] : [trial.events[called]!.event_id]), handedInEvent.event_id],
    }
  })
}
