import { z } from 'zod'
import { NAME_PATTERN, NAME_RULE } from './name-pattern.ts'

/** The id of a market or an agent. */
export const nameSchema = z.string().regex(NAME_PATTERN, NAME_RULE)
