/**
 * How sure an understanding is: scores of what was found, and the recogniser's confidence, are multiplied. One doubt is
 * enough for a read-back; several make it nothing.
 */

/** Score times confidence: below it an answer is read back. */
export const sureMin = 0.75
/**
 * Confidence of a yes or no, besides, whatever it answers: each is one short word and the other's opposite,
 * and in noise the embedded model took one for the other at up to 0.918 (`npm run bench:yes-no -- --chosen`).
 */
export const yesNoConfidenceMin = 0.92
/** Right as a rule, and read back: inferred, misheard by a letter, hedged, or said beside other words. */
export const doubt = 0.7
/** Below it, words are too unlike an answer to be read back. */
export const scoreMin = 0.3
/** Of all words that were heard, so many have to be the answer. */
export const coverageMin = 0.3
