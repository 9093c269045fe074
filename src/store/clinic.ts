/**
 * What the clinic's side reads and changes: finished interviews, and alerts until somebody has acted on them. Both are
 * written by a session's own journal (`Write`), in the transaction of whatever brought them about. A subject is a patient's
 * reference; it is asked for in the clear and kept sealed, and rows are found by its keyed hash.
 */
import { Context, type Effect } from "effect"
import type { QuestionnaireResponse } from "#schemas/fhir.ts"
import type { StoreError } from "#schemas/record.ts"
import type { ServerMessageOf } from "#schemas/wire.ts"

export type EndStatus = "completed" | "amended" | "stopped"
type Completed = ServerMessageOf<"questionnaire.completed">

/** What is sealed of a response. */
export interface ResponseContent {
  readonly response: QuestionnaireResponse
  readonly scores: NonNullable<Completed["scores"]>
  readonly alerts: NonNullable<Completed["alerts"]>
}

/** Of an interview that has ended. */
export interface NewResponse {
  readonly questionnaire: QuestionnaireName
  readonly status: EndStatus
  readonly authoredAtMs: number
  readonly content: ResponseContent
}

export interface QuestionnaireName {
  readonly id: string
  readonly version: string
}

/** What staff must hear of. The same rule at the same item of a session is raised once, however often it is written. */
export interface NewAlert {
  readonly questionnaire: QuestionnaireName
  readonly linkId: string
  readonly rule: string
}

/** The same when it is amended. */
export const responseIdOf = (sessionId: string): string => `r-${sessionId}`

export interface StoredResponse {
  readonly id: string
  /** From 1, one more with each amendment: for `ETag: W/"1"`. */
  readonly version: number
  readonly sessionId: string
  readonly questionnaire: QuestionnaireName
  readonly status: EndStatus
  readonly authoredAtMs: number
  readonly subjectHash?: string
  readonly content: ResponseContent
}

export interface ResponseQuery {
  /** Its id; every version of it. */
  readonly questionnaire?: string
  /** Authored then or later. */
  readonly sinceMs?: number
  readonly subject?: string
  /** The `next` of the page before. */
  readonly after?: Cursor
  readonly limit: number
}

/** The last row of a page, in the order of the list: the youngest first. */
export interface Cursor {
  readonly atMs: number
  readonly id: string
}

export interface ResponsePage {
  readonly items: ReadonlyArray<StoredResponse>
  /** There are more. */
  readonly next?: Cursor
}

/** How much there was of a person. */
export interface Erased {
  readonly sessions: number
  readonly responses: number
  readonly alerts: number
}

export class Responses extends Context.Service<
  Responses,
  {
    /** The youngest first, by time of authoring and id. */
    readonly list: (query: ResponseQuery) => Effect.Effect<ResponsePage, StoreError>
    readonly get: (id: string) => Effect.Effect<StoredResponse | undefined, StoreError>
    /** With the log of its session. False: there is none, or not of this version. */
    readonly remove: (id: string, version?: number) => Effect.Effect<boolean, StoreError>
    /**
     * Everything of one person: sessions with their logs and messages, responses; of alerts only that there was one stays.
     * Gone from every page of the file when it returns. Live sessions of the subject are to be ended before: whatever they
     * write afterwards fails.
     */
    readonly eraseSubject: (subject: string) => Effect.Effect<Erased, StoreError>
  }
>()("sawt/store/Responses") {}

export interface Acknowledgement {
  readonly atMs: number
  /** As whoever did it is called. */
  readonly by: string
  readonly note?: string
}

export interface StoredAlert {
  /** The same whatever happens to the session; nothing can be read from it. */
  readonly id: string
  readonly raisedAtMs: number
  /** Absent where its person has been erased: all that is left is that it was there. */
  readonly about?: AlertContent & {
    readonly sessionId: string
    /** Of `Responses.get`; there is one once the interview has ended. */
    readonly responseId: string
    readonly subjectHash?: string
  }
  readonly acknowledged?: Acknowledgement
  /** So often somebody was reminded of it. */
  readonly reminders: number
}

/** What is sealed of an alert. */
export interface AlertContent extends NewAlert {
  readonly subject?: string
}

export interface AlertQuery {
  /** Absent: all. */
  readonly acknowledged?: boolean
  readonly after?: Cursor
  readonly limit: number
}

export interface AlertPage {
  readonly items: ReadonlyArray<StoredAlert>
  readonly next?: Cursor
}

/** Of those that wait for somebody; for metrics and health. */
export interface Waiting {
  readonly count: number
  readonly oldestAtMs?: number
}

export class Alerts extends Context.Service<
  Alerts,
  {
    /** The youngest first. */
    readonly list: (query: AlertQuery) => Effect.Effect<AlertPage, StoreError>
    readonly get: (id: string) => Effect.Effect<StoredAlert | undefined, StoreError>
    /** Gives it as it then is; who came first stays. Undefined: there is no such alert. */
    readonly acknowledge: (
      id: string,
      by: Omit<Acknowledgement, "atMs">
    ) => Effect.Effect<StoredAlert | undefined, StoreError>
    readonly unacknowledged: Effect.Effect<Waiting, StoreError>
  }
>()("sawt/store/Alerts") {}
