/**
 * Bodies of the studio: trials by typing, prompts to listen to, runs that are kept, and what live machines do. What people
 * answered is in none of them; in a trial stands what its designer typed.
 */
import { Schema } from "effect"
import { AnswerVia, Score } from "./wire.ts"

const Language = Schema.Literals(["ar", "en"])
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const describe = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.annotate({ description })
const LinkId = Schema.optionalKey(describe(Schema.String, "The question that it is about."))

export const TrialBody = Schema.Struct({
  questionnaire: Schema.String,
  language: Schema.optionalKey(Language),
  inputs: describe(
    Schema.Array(
      Schema.Struct({
        text: Schema.String.check(Schema.isMaxLength(500)),
        heard: Schema.optionalKey(
          describe(
            Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
            "As if a recogniser had heard it with this confidence; absent: typed."
          )
        )
      })
    ).check(Schema.isMaxLength(500)),
    "All that has been typed so far, in order: nothing of a trial is kept here."
  )
}).annotate({ identifier: "TrialBody" })
export type TrialBody = typeof TrialBody.Type

const TrialStep = Schema.Struct({
  text: Schema.String,
  about: describe(
    Schema.String,
    "What was expected: consent, answer, confirmation, another, stop, correction, nothing."
  ),
  link_id: LinkId,
  understood: describe(
    Schema.Struct({
      kind: describe(Schema.String, "answer, less, yes, no, command, ambiguous, out_of_range, none."),
      rule: describe(Schema.String, "What decided."),
      display: Schema.optionalKey(describe(Schema.String, "What it comes to.")),
      score: Schema.optionalKey(describe(Schema.Finite, "How well the words fit, 0 to 1.")),
      sure: Schema.optionalKey(describe(Schema.Boolean, "Taken without being read back."))
    }),
    "How the matcher understood it."
  ),
  event: describe(Schema.String, "What the machine was told."),
  said: describe(Schema.Array(Schema.String), "What was said in reply.")
}).annotate({ identifier: "TrialStep" })
export type TrialStep = typeof TrialStep.Type

export const Trial = Schema.Struct({
  steps: Schema.Array(TrialStep),
  said: describe(Schema.Array(Schema.String), "What was said before anything was typed."),
  about: Schema.String,
  link_id: LinkId,
  state: describe(Schema.String, "Of the machine: `q3.listening`."),
  node: describe(Schema.String, "The box of the questionnaire's diagram where it stands."),
  choices: describe(
    Schema.Array(Schema.Struct({ key: Schema.String, display: Schema.String })),
    "Of the question that stands."
  ),
  finished: Schema.Boolean,
  status: Schema.optionalKey(Schema.Literals(["completed", "amended", "stopped", "declined", "withdrawn"])),
  scores: Schema.Array(Score),
  alerts: describe(
    Schema.Array(Schema.Struct({ link_id: Schema.String, rule: Schema.String })),
    "What staff would hear of."
  )
}).annotate({ identifier: "Trial" })
export type Trial = typeof Trial.Type

export const StudioPrompts = Schema.Struct({
  prompts: Schema.Array(
    Schema.Struct({
      key: Schema.String,
      about: describe(Schema.String, "consent, question, help, completed, stopped, declined, withdrawn."),
      link_id: LinkId,
      text: describe(Schema.String, "As it is shown."),
      spoken: describe(Schema.String, "As it is spoken, with vowel marks.")
    })
  )
}).annotate({ identifier: "StudioPrompts" })
export type StudioPrompt = (typeof StudioPrompts.Type)["prompts"][number]

const Run = Schema.Struct({
  id: Schema.String,
  questionnaire: Schema.NullOr(Schema.Struct({ id: Schema.String, version: Schema.String })),
  started_at: Schema.String.annotate({ format: "date-time" }),
  ended_at: Schema.NullOr(Schema.String.annotate({ format: "date-time" })),
  entries: Count
}).annotate({ identifier: "Run" })

export const Runs = Schema.Struct({
  runs: describe(Schema.Array(Run), "The youngest first, at most a hundred.")
}).annotate({ identifier: "Runs" })

export const RunSteps = Schema.Struct({
  id: Schema.String,
  questionnaire: Schema.Struct({ id: Schema.String, version: Schema.String }),
  language: Language,
  steps: Schema.Array(
    Schema.Struct({
      type: Schema.Literals(["consent", "answer", "skip", "another", "alert", "ended"]),
      link_id: LinkId,
      occurrence: Schema.optionalKey(Schema.Array(Count)),
      via: Schema.optionalKey(AnswerVia),
      revised: Schema.optionalKey(Schema.Boolean),
      status: Schema.optionalKey(Schema.String),
      at: Schema.String.annotate({ format: "date-time" }),
      state: describe(Schema.String, "Where the machine then stands."),
      node: describe(Schema.String, "The box of the questionnaire's diagram.")
    })
  )
}).annotate({ identifier: "RunSteps", description: "What happened in which order; never an answer." })
export type RunSteps = typeof RunSteps.Type
