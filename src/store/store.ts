/**
 * What outlives a connection: the log of an interview, the messages that a client has not acknowledged, and where a session
 * stands. Everything is written before it is told (`answer.recorded` means durable). Calls are synchronous: a commit takes
 * less than a frame of audio (docs/measured.md), and a caller always knows whether it is on disk.
 */
import { Context, type Result } from "effect"
import type { Place, RecordEntry, SessionSummary, StoreError, StoreReason } from "#schemas/record.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { Endpoint } from "#src/session/contract.ts"
import type { NewAlert, NewResponse } from "./clinic.ts"

/** Who may resume a session: the same endpoint and the same token subject. */
export interface Owner {
  readonly endpoint: Endpoint
  readonly subject?: string
  /** The invitation that the client came with: it resumes the session that was begun with it, and no other. */
  readonly invitation?: string
}

export interface NewSession extends Owner {
  readonly id: string
  /** FHIR JSON of the questionnaire that it holds: the session finishes on this version. */
  readonly questionnaire?: string
  /** Absent: now. */
  readonly startedAtMs?: number
}

export interface Kept {
  readonly journal: Journal
  /** For the client; single use. Absent when nothing may be resumed (`RESUME_WINDOW_SECONDS=0`). */
  readonly resumeToken?: string
}

export interface Resumed extends Kept {
  readonly id: string
  readonly entries: ReadonlyArray<RecordEntry>
  readonly place?: Place
  readonly questionnaire?: string
  /** The number of the last durable message. */
  readonly lastSeq: number
  /** In order; `complete`: none is lacking between the client's last and these. */
  readonly missed: { readonly messages: ReadonlyArray<ServerMessage>; readonly complete: boolean }
  /** 2 for the first resume. */
  readonly connection: number
  /** How long, and how much audio, the connections before took. */
  readonly connectedMs: number
  readonly positionMs: number
  /** As it was left. */
  readonly summary?: SessionSummary
}

export interface Write {
  /** A durable message with its `seq`, kept until it is acknowledged. */
  readonly message?: ServerMessage & { readonly seq: number }
  readonly entry?: RecordEntry
  /** `null`: the interview stands nowhere, routing decides. */
  readonly place?: Place | null
  /** How the session then stands, for operators. */
  readonly summary?: SessionSummary
  /** Durable with what raised them. */
  readonly alerts?: ReadonlyArray<NewAlert>
  /** Takes the place of an earlier one of the session. */
  readonly response?: NewResponse
}

export interface Parked {
  /** False: it has ended for good. */
  readonly resumable: boolean
  readonly connectedMs: number
  readonly positionMs: number
  readonly summary: SessionSummary
}

/** One session's own part of the store. */
export interface Journal {
  /**
   * All of it or nothing. With an entry, an alert or a response it is on disk when it returns; without, it outlives the
   * process, and reaches the disk with the next entry or within the next seconds.
   */
  readonly append: (write: Write) => Result.Result<void, StoreError>
  readonly describe: (summary: SessionSummary) => void
  /** The client has everything up to `seq`. */
  readonly acknowledge: (seq: number) => void
  /** The client has spoken after a resume: the token before this one is void. */
  readonly confirm: () => void
  readonly park: (parked: Parked) => void
  /**
   * Consent was not given, or taken back: nothing of the session is kept, and nothing further is written. Of an alert stays
   * that there was one. Failed, all is as it was.
   */
  readonly erase: () => Result.Result<void, StoreError>
}

/** An interview that nobody can go on with, and that has not been ended as it then stands. */
export interface Unfinished {
  readonly id: string
  readonly subject?: string
  readonly questionnaire: string
  readonly entries: ReadonlyArray<RecordEntry>
  readonly journal: Journal
}

/** A session that nobody is connected to, and that may be taken up again. */
export interface ParkedSession {
  readonly id: string
  readonly endpoint: Endpoint
  readonly subjectHash?: string
  readonly startedAtMs: number
  readonly resumableUntilMs: number
  /** Absent where it cannot be read. */
  readonly summary?: SessionSummary
}

export interface ParkedPage {
  readonly count: number
  /** Only those that began before this one, in the order of `startedAtMs` and `id`. */
  readonly before?: { readonly startedAtMs: number; readonly id: string }
}

export interface KeptRun {
  readonly id: string
  readonly questionnaire?: { readonly id: string; readonly version: string }
  readonly startedAtMs: number
  readonly endedAtMs?: number
  readonly entries: number
}

export interface RunLog {
  /** FHIR JSON of the version that it was held with. */
  readonly questionnaire: string
  readonly entries: ReadonlyArray<RecordEntry>
}

/** A line of the audit log: its number, and the hash over it and all before it. */
export interface AuditLink {
  readonly n: number
  readonly chain: string
}

export interface StoreHealth {
  readonly status: "ready" | "failed"
  readonly sinceMs: number
  readonly reason?: StoreReason
  readonly message?: string
}

export class Store extends Context.Service<
  Store,
  {
    readonly begin: (session: NewSession) => Result.Result<Kept, StoreError>
    /** The id of the session that this token may resume; undefined: none, it has ended, or it is somebody else's. */
    readonly find: (token: string, owner: Owner) => Result.Result<string | undefined, StoreError>
    /** Takes it up: the token is used. `lastSeq`: what the client has. */
    readonly resume: (token: string, owner: Owner, lastSeq: number) => Result.Result<Resumed | undefined, StoreError>
    /** The youngest first. */
    readonly parked: (page: ParkedPage) => Result.Result<ReadonlyArray<ParkedSession>, StoreError>
    /** Nobody may take up this session any more; false: there is none to be taken up. */
    readonly end: (id: string) => Result.Result<boolean, StoreError>
    /** Sessions with a log, the youngest first, at most so many. */
    readonly runs: (count: number) => Result.Result<ReadonlyArray<KeptRun>, StoreError>
    /** The log of one, with its answers: whoever shows it leaves them out. */
    readonly run: (id: string) => Result.Result<RunLog | undefined, StoreError>
    /** A few of them; one that cannot be read is passed over. */
    readonly unfinished: () => Result.Result<ReadonlyArray<Unfinished>, StoreError>
    /** Remembers how far the audit log has come; what fails here is mended by the next. */
    readonly anchor: (link: AuditLink) => void
    readonly health: () => StoreHealth
    /**
     * A keyed hash of a subject, for lists and logs: the same as long as the storage key is the same, and not to be guessed
     * without it. Until a key could be read it holds for this run only.
     */
    readonly subjectHash: (subject: string) => string
  }
>()("sawt/store/Store") {}
