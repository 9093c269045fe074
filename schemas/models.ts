/**
 * The manifest of models: what there is to download, from where, under which licence, and what it needs. Sizes are bytes.
 * Installed models leave a record of the same words beside them.
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const Bytes = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 * 1024 ** 3 }))
/** A plain name: of a folder, a file, or a model. Never a path. */
const Name = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/))
const Url = Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s#@]+$/))
const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const Md5 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/))

export const ModelKind = Schema.Literals(["stt", "tts", "vad"])
export type ModelKind = typeof ModelKind.Type

export const ModelFile = Schema.Struct({
  /** As it is called on disk, and on a mirror. */
  name: Name,
  url: Url,
  bytes: optional(Bytes),
  /** Where the publisher names no size: for the check of disk space; over twice this a download is refused. */
  approximateBytes: optional(Bytes),
  /** Absent: the first download is pinned by its own, and later ones are held against that. */
  sha256: optional(Sha256),
  md5: optional(Md5)
})
export type ModelFile = typeof ModelFile.Type

/** An archive's one folder becomes the model; what else is in it is left out. Over `bytesMax` it is refused. */
export const Unpack = Schema.Struct({ archive: Schema.Literals(["zip", "tar"]), folder: Name, bytesMax: Bytes })
export type Unpack = typeof Unpack.Type

export const ModelSource = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("download"),
    /** With `unpack` exactly one. */
    files: Schema.NonEmptyArray(ModelFile),
    unpack: optional(Unpack)
  }),
  /** In this repository, under `models/`. */
  Schema.Struct({ type: Schema.Literal("embedded"), folder: Name }),
  /** On a server of its own, named by this variable. */
  Schema.Struct({ type: Schema.Literal("server"), variable: Schema.Literal("XTTS_URL") })
])
export type ModelSource = typeof ModelSource.Type

export const ModelEntry = Schema.Struct({
  name: Name,
  /** Other names that operators use for it. */
  aliases: optional(Schema.Array(Name)),
  kind: ModelKind,
  languages: Schema.Array(Schema.String),
  about: Schema.String,
  source: ModelSource,
  licence: Schema.Struct({
    name: Schema.NonEmptyString,
    commercialUse: Schema.Boolean,
    note: optional(Schema.String)
  }),
  /** Memory of a process that holds it. */
  memoryBytes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 50 }))
})
export type ModelEntry = typeof ModelEntry.Type
export interface DownloadEntry extends ModelEntry {
  readonly source: Extract<ModelSource, { readonly type: "download" }>
}

export const Manifest = Schema.Struct({
  $schema: optional(Schema.String),
  version: Schema.Literal(1),
  /** What `models:download` fetches where the configuration names nothing. */
  default: Schema.Array(Name),
  models: Schema.NonEmptyArray(ModelEntry)
})
export type Manifest = typeof Manifest.Type

/** Of one installed version: what was downloaded, and what came of it. */
export const InstallRecord = Schema.Struct({
  model: Name,
  files: Schema.Array(Schema.Struct({ name: Name, bytes: Schema.Int, sha256: Sha256, md5: optional(Md5) })),
  contents: Schema.Array(Schema.Struct({ path: Schema.NonEmptyString, bytes: Schema.Int })),
  installedAt: Schema.String
})
export type InstallRecord = typeof InstallRecord.Type

/** By the file's name: the checksum that its first download had. */
export const Pins = Schema.Record(
  Schema.String,
  Schema.Struct({ sha256: Sha256, bytes: Schema.Int, pinnedAt: Schema.String })
)
export type Pins = typeof Pins.Type

/** Of a download that was broken off: what it is a part of. */
export const PartialRecord = Schema.Struct({
  url: Schema.String,
  totalBytes: optional(Schema.Int),
  etag: optional(Schema.String),
  lastModified: optional(Schema.String)
})
export type PartialRecord = typeof PartialRecord.Type

export const ModelReason = Schema.Literals([
  "manifest_invalid",
  "unknown_model",
  "not_downloadable",
  "not_found",
  "refused",
  "unreachable",
  "wrong_size",
  "wrong_checksum",
  "no_space",
  "not_writable",
  "archive_unsafe",
  "archive_corrupt",
  "archive_too_large",
  "in_the_way",
  "not_proved"
])
export type ModelReason = typeof ModelReason.Type

export class ModelError extends Schema.TaggedError<ModelError>()("ModelError", {
  reason: ModelReason,
  /** What was wrong and how to repair it; names models and files, never a path or a secret. */
  message: Schema.String
}) {}

/** A line of `models:download --json`, which the server reads too. */
export const DownloadEvent = Schema.Union([
  Schema.Struct({
    event: Schema.Literals(["progress"]),
    model: Name,
    step: Schema.Literals(["download", "unpack"]),
    bytesDone: Schema.Int,
    bytesTotal: optional(Schema.Int)
  }),
  Schema.Struct({ event: Schema.Literal("note"), model: Name, message: Schema.String }),
  Schema.Struct({ event: Schema.Literal("planned"), model: Name, bytes: Schema.Int, needsBytes: Schema.Int }),
  Schema.Struct({ event: Schema.Literals(["installed", "unchanged"]), model: Name, version: Schema.String }),
  Schema.Struct({ event: Schema.Literal("failed"), model: Name, reason: ModelReason, message: Schema.String })
])
export type DownloadEvent = typeof DownloadEvent.Type
