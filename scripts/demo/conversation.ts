/**
 * Holds one interview with a server as a patient would: hears each prompt to its end, then speaks or stays silent, until
 * the questionnaire is completed. Tells what happens as it happens, and keeps both voices.
 */
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { joined } from "#src/audio/pcm.ts"
import { Client } from "../client.ts"
import type { Action, Patient } from "./patient.ts"

export const sampleRateHz = 16_000
const frameSamples = 640

export interface ConversationOptions {
  readonly server: string
  readonly token: string
  readonly questionnaire: string
  readonly realTime: boolean
  readonly patient: Patient
  readonly recordings: ReadonlyMap<string, ReadonlyArray<Int16Array>>
  readonly tell: (line: Line) => void
  /** Before the patient acts on it. */
  readonly onMessage?: (message: ServerMessage) => void
}

export type Line =
  | { readonly who: "system"; readonly text: string }
  | { readonly who: "patient"; readonly text: string; readonly why: string }
  | { readonly who: "heard"; readonly text: string; readonly confidence: number | null; readonly afterMs: number }
  | { readonly who: "state"; readonly text: string }
  | { readonly who: "recorded"; readonly text: string; readonly revised: boolean }

export interface Conversation {
  readonly completed: ServerMessageOf<"questionnaire.completed">
  readonly messages: ReadonlyArray<ServerMessage>
  /** 16 kHz, one after the other: what the system said and what the patient said, each silent while the other speaks. */
  readonly systemVoice: Int16Array
  readonly patientVoice: Int16Array
  readonly utterances: number
}

const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs))

export const converse = async (options: ConversationOptions): Promise<Conversation> => {
  const { patient, recordings, realTime, tell } = options
  const system: Array<Int16Array> = []
  const person: Array<Int16Array> = []
  let spokeAtMs = performance.now()
  let next: (() => Action) | undefined
  let utterances = 0
  /** A yes that was not sure is asked for again. */
  let isConsented = false
  let completed: ServerMessageOf<"questionnaire.completed"> | undefined
  let told: Promise<void> = Promise.resolve()
  let failed: (error: Error) => void = () => {}
  const failure = new Promise<never>((_, reject) => (failed = reject))

  const speak = async (action: Action) => {
    tell({ who: "patient", text: action.kind === "say" ? action.word : "…", why: action.why })
    const clips = action.kind === "say" ? recordings.get(action.word) : []
    if (clips === undefined)
      throw new Error(`there is no recording of ${action.kind === "say" ? action.word : "silence"}`)
    const words = clips[utterances % Math.max(1, clips.length)] ?? new Int16Array(0)
    const afterMs = action.kind === "say" ? 800 : action.durationMs + 500
    const sound = new Int16Array(words.length + (afterMs * sampleRateHz) / 1_000)
    sound.set(words)
    if (action.kind === "say") utterances++
    person.push(sound)
    system.push(new Int16Array(sound.length))
    for (let at = 0; at < sound.length; at += frameSamples) {
      const frame = sound.subarray(at, at + frameSamples)
      await client.sendAudio(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength))
      if (at < words.length) spokeAtMs = performance.now()
      if (realTime) await sleep((frame.length * 1_000) / sampleRateHz)
    }
  }

  /** One after the other: a patient does not begin a second answer while giving the first. */
  const act = (action: () => Action): void => {
    told = told.then(() => speak(action())).catch(failed)
  }

  const onMessage = (message: ServerMessage): void => {
    options.onMessage?.(message)
    switch (message.type) {
      case "consent.requested":
        next = () => patient.consent()
        return
      case "question.asked":
        isConsented = true
        // What was answered is told below: the patient hears no more of it.
        if (message.review === true) return
        next = () => patient.asked(message)
        return
      case "question.reprompt":
        next = () => patient.reprompted()
        return
      case "answer.confirm":
        next = () => patient.confirm(message)
        return
      case "answer.recorded":
        patient.noted(message)
        return tell({ who: "recorded", text: message.display, revised: message.revised })
      case "audio.begin":
        return tell({ who: "system", text: message.text })
      case "audio.end": {
        const action = next ?? (isConsented ? undefined : () => patient.consent())
        next = undefined
        if (action !== undefined) act(action)
        return
      }
      case "transcript.final":
        if (message.text === "" && next === undefined) act(() => patient.unheard())
        return tell({
          who: "heard",
          text: message.text,
          confidence: message.confidence,
          afterMs: performance.now() - spokeAtMs
        })
      case "state.changed":
        return tell({ who: "state", text: message.state })
      case "questionnaire.completed":
        completed = message
        return
      case "error":
        return failed(new Error(`${message.code}: ${message.message}`))
      default:
    }
  }

  const client = await Client.open({
    server: options.server,
    path: "/ws/secure/healthcare",
    token: options.token,
    onMessage,
    onAudio: (frame) => {
      const samples = new Int16Array(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength))
      system.push(samples)
      person.push(new Int16Array(samples.length))
    }
  })
  client.send({
    type: "session.start",
    questionnaire: options.questionnaire,
    mode: realTime ? "live" : "file",
    audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz },
    speech: { encoding: "pcm_s16le", sample_rate: sampleRateHz }
  })
  await Promise.race([client.next("questionnaire.completed"), failure])
  /** The last prompt is heard to its end. */
  await Promise.race([client.next("audio.end"), failure])
  await client.end()
  if (completed === undefined) throw new Error("the questionnaire did not complete")
  return {
    completed,
    messages: client.messages,
    systemVoice: joined(...system),
    patientVoice: joined(...person),
    utterances
  }
}
