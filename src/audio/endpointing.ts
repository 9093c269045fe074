/** The figures by which a listener tells speech from silence, in frames of the voice activity detector. */
import { limits } from "#src/limits.ts"
import type { EndpointOptions } from "./endpoint.ts"

export const frameMs = 32
export const framesOf = (durationMs: number): number => Math.max(1, Math.round(durationMs / frameMs))

/** So much speech stops a prompt (R6.4); less only ducks it. */
export const bargeInMs = 150

/** Chosen on the recordings in test/fixtures; measured in docs/decisions/006-endpointing.md. */
export const endpointing: EndpointOptions & {
  readonly peekFrames: number
  readonly preRollFrames: number
  readonly tailFrames: number
} = {
  startProbability: 0.5,
  startFrames: 2,
  stopProbability: 0.35,
  confirmFrames: Math.ceil(bargeInMs / frameMs),
  pauseFrames: 4,
  /** Frames of silence after which the recogniser is asked what it has heard, if the turn wants to know. */
  peekFrames: 6,
  utteranceFramesMax: Math.floor(limits.utteranceMsMax / frameMs),
  /** Audio before the first frame of speech that is decoded too: soft onsets. */
  preRollFrames: 14,
  /** Silence after the last frame of speech that is decoded; more is held back until speech goes on. */
  tailFrames: 8
}
