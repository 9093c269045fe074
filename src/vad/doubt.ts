/**
 * Which frames Silero is to hear twice. It carries a voice on in its state: for a second or two after a word it takes a
 * hum for speech that it would not mind otherwise. Asked with the last frames alone it knows nothing of the word; with
 * nothing but the middle of a soft vowel it also knows too little. So the second hearing counts only where the first one
 * errs. Decided by the probabilities alone, frame by frame, so that the same audio is doubted alike in whatever pieces it
 * comes. Chosen and measured in docs/decisions/016-second-hearing.md.
 */

/** So much nobody would call noise. */
const sureProbability = 0.98
/** Below this a frame is silence to the endpointer, whatever a second hearing says. */
const soundProbability = 0.35
/** The end of a word falls slowly and is not doubted: 0.2 s. */
const trustedFrames = 6
/** 1.5 s after the last sure frame Silero has forgotten it enough. */
const doubtedFrames = 46

export class Doubt {
  #sinceSure = Infinity

  /** Takes the next frame's probability; true when it is to be heard again. */
  isDue(probability: number): boolean {
    this.#sinceSure = probability >= sureProbability ? 0 : this.#sinceSure + 1
    return probability >= soundProbability && this.#sinceSure > trustedFrames && this.#sinceSure <= doubtedFrames
  }
}
