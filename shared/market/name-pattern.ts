/** What ids of markets and agents look like: they stand in subjects, workflow ids and paths. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/

export const NAME_RULE = 'must be 1 to 63 of a-z, 0-9 and "-", starting with a letter or digit'
