/** What a session has once it has started: its audio path, its questionnaire, its place in the store. */
import type { ServerMessage } from "#schemas/wire.ts"
import type { AudioDecoder } from "#src/audio/decode.ts"
import type { Listener } from "#src/audio/listener.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import type { Journal } from "#src/store/store.ts"
import type { Playback } from "./playback.ts"
import type { RecordedSession } from "#src/telemetry/open-turn.ts"
import type { Played } from "./played.ts"
import type { Session } from "./session.ts"

/** What outlives this connection, and what earlier ones of the same session left. */
export interface Keeping {
  readonly journal: Journal
  /** Whether the client holds a token to come back with. */
  readonly resumable: boolean
  /** 1, or more after resumes. */
  readonly connection: number
  readonly lastSeq: number
  readonly connectedMs: number
  readonly missed: ReadonlyArray<ServerMessage>
}

/** How far an interview has come, for operators. */
export interface Progress {
  readonly answered: Set<string>
  /** The question that stands. */
  linkId: string | undefined
}

/** What `session.start` chose, once the audio path stands. */
export interface Started {
  readonly decoder: AudioDecoder
  readonly listener: Listener
  readonly playback: Playback
  readonly played: Played
  readonly mode: "live" | "file"
  readonly alternatives: number
  readonly partials: boolean
  readonly questionnaire?: LoadedQuestionnaire
  readonly progress: Progress
  readonly ready: ServerMessage
  /** Absent where nothing can be kept. */
  readonly keeping?: Keeping
}

/** As a turn that begins now records it. */
export const recordedOf = (session: Session): RecordedSession => {
  const { started, id } = session
  const expectation = session.expectation()
  const questionnaire = started?.questionnaire?.plan.id
  return {
    id,
    mode: started?.mode ?? "live",
    ...(questionnaire === undefined ? {} : { questionnaire }),
    ...("linkId" in expectation ? { linkId: expectation.linkId } : {}),
    positionMs: started?.listener.positionMs() ?? 0,
    audioGaps: session.bounds.pace.gaps
  }
}

/** The same word means another utterance or prompt in each connection of a session. */
export const ownIdOf = (id: string, started: Started | undefined): string => {
  const connection = started?.keeping?.connection ?? 1
  return connection === 1 ? id : `${id}.${connection}`
}
