/**
 * What a designer does in the studio with the admin secret: tries a questionnaire, listens to it, watches a live session and
 * steps through a kept one. Watching and stepping are written into the audit log; answers are in nothing of it.
 */
import { Effect, Result, Schema, Stream } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { Runs, RunSteps, StudioPrompts, Trial, TrialBody } from "#schemas/studio.ts"
import { Audit } from "#src/audit/audit.ts"
import { writeWav } from "#src/audio/wav.ts"
import { joined } from "#src/audio/pcm.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import { bodyWith, queryWith, SessionId } from "#src/gateway/requests.ts"
import { answerJson, noStore, type Route, urlOf } from "#src/gateway/route.ts"
import { inLanguage, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { Live } from "#src/registry/live.ts"
import { Sessions } from "#src/session/contract.ts"
import { mannerOf } from "#src/session/manner.ts"
import { todayAt } from "#src/session/today.ts"
import { Store } from "#src/store/store.ts"
import { Tts } from "#src/tts/tts.ts"
import { promptsOf } from "./prompts.ts"
import { stepsOf } from "./run.ts"
import { trialOf } from "./trial.ts"
import { watched } from "./watch.ts"

type Request = HttpServerRequest.HttpServerRequest
type Language = "ar" | "en"

/** A long interview's worth of typing. */
const trialBytesMax = 64 * 1024
const runsMax = 100

const PromptsQuery = Schema.Struct({
  questionnaire: Schema.String,
  language: Schema.optionalKey(Schema.Literals(["ar", "en"]))
})
const SpeechQuery = Schema.Struct({
  ...PromptsQuery.fields,
  prompt: Schema.String.annotate({ description: "The `key` of a prompt of /admin/studio/prompts." })
})

const readTrial = bodyWith(TrialBody, trialBytesMax)
const unreadable = refuse("storage_unavailable", "What is kept cannot be read now: try again in a moment.")

export const studioAdminRoutes = Effect.gen(function* () {
  const questionnaires = yield* Questionnaires
  const live = yield* Live
  const sessions = yield* Sessions
  const store = yield* Store
  const audit = yield* Audit
  const tts = yield* Tts
  const { trustedProxyHops } = yield* AppConfig

  const chosen = (id: string, language: Language | undefined): Effect.Effect<LoadedQuestionnaire, Refusal> => {
    const loaded = questionnaires.get(id)
    if (loaded === undefined)
      return Effect.fail(
        refuse("not_found", "There is no such questionnaire; `GET /questionnaires` lists those that there are.")
      )
    if (language !== undefined && loaded.languages[language] === undefined)
      return Effect.fail(refuse("not_found", "The questionnaire is not written in this language."))
    return Effect.succeed(inLanguage(loaded, language))
  }
  const acted = (request: Request, action: "session.watch" | "run.read", target: string) =>
    audit.record({
      event: "admin.acted",
      by: "admin",
      action,
      target,
      client_address: clientAddress(nodeRequest(request), trustedProxyHops)
    })

  const tried = Effect.fnUntraced(function* (request: Request) {
    const body = yield* readTrial(request)
    const loaded = yield* chosen(body.questionnaire, body.language)
    return answerJson(Trial, trialOf(loaded, body.inputs, todayAt(Date.now())))
  })

  const prompts = Effect.fnUntraced(function* (request: Request) {
    const { questionnaire, language } = yield* Effect.fromResult(queryWith(PromptsQuery)(urlOf(request)))
    const { plan } = yield* chosen(questionnaire, language)
    return answerJson(StudioPrompts, { prompts: promptsOf(plan) })
  })

  const speech = Effect.fnUntraced(function* (request: Request) {
    const query = yield* Effect.fromResult(queryWith(SpeechQuery)(urlOf(request)))
    const { plan } = yield* chosen(query.questionnaire, query.language)
    const wanted = promptsOf(plan).find(({ key }) => key === query.prompt)
    if (wanted === undefined) return yield* refuse("not_found", "The questionnaire has no such prompt.")
    const sentences = yield* tts.speak(wanted.spoken, { language: plan.language, keep: true, ...mannerOf(plan) }).pipe(
      Stream.runCollect,
      Effect.mapError(() => refuse("tts_unavailable", "This prompt cannot be spoken now."))
    )
    const sampleRateHz = sentences[0]?.sampleRateHz
    if (sampleRateHz === undefined) return yield* refuse("tts_unavailable", "This prompt cannot be spoken now.")
    const samples = joined(...sentences.map(({ pcm }) => pcm))
    return HttpServerResponse.uint8Array(writeWav([samples], sampleRateHz), {
      contentType: "audio/wav",
      headers: noStore
    })
  })

  const watch = Effect.fnUntraced(function* (request: Request) {
    const { id = "" } = yield* HttpRouter.params
    if (live.get(id) === undefined) return yield* refuse("not_found", "No session of this id is connected.")
    const events = watched((watcher) => sessions.watch(id, watcher))
    acted(request, "session.watch", id)
    return HttpServerResponse.stream(events, { contentType: "text/event-stream; charset=utf-8", headers: noStore })
  })

  const runs = Effect.suspend(() => {
    const kept = store.runs(runsMax)
    if (Result.isFailure(kept)) return Effect.fail(unreadable)
    const listed = kept.success.map(({ id, questionnaire = null, startedAtMs, endedAtMs, entries }) => ({
      id,
      questionnaire,
      started_at: new Date(startedAtMs).toISOString(),
      ended_at: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
      entries
    }))
    return Effect.succeed(answerJson(Runs, { runs: listed }))
  })

  const run = Effect.fnUntraced(function* (request: Request) {
    const { id = "" } = yield* HttpRouter.params
    const kept = store.run(id)
    if (Result.isFailure(kept)) return yield* unreadable
    if (kept.success === undefined) return yield* refuse("not_found", "No session of this id is kept.")
    const { questionnaire, entries } = kept.success
    const loaded = yield* Effect.mapError(questionnaires.ofSource(questionnaire), () => unreadable)
    acted(request, "run.read", id)
    return answerJson(RunSteps, stepsOf(id, loaded, entries))
  })

  return [
    {
      method: "POST",
      path: "/admin/studio/try",
      summary: "Try a questionnaire by typing",
      description:
        "What was typed so far goes through the real machine and the real matcher, from the beginning: nothing is kept. Each " +
        "step says how it was understood and by which rule.",
      auth: "admin",
      body: TrialBody,
      answers: { 200: { description: "Each step, and where it stands now.", body: Trial } },
      refusals: ["not_found"],
      handle: tried
    },
    {
      method: "GET",
      path: "/admin/studio/prompts",
      summary: "What a questionnaire says",
      auth: "admin",
      query: PromptsQuery,
      answers: { 200: { description: "Every prompt that holds nobody's answer.", body: StudioPrompts } },
      refusals: ["not_found"],
      handle: prompts
    },
    {
      method: "GET",
      path: "/admin/studio/speech",
      summary: "Listen to a prompt",
      description:
        "As the questionnaire's voice says it, or else the configured one. Prompts of questionnaires only, by their key; no other text.",
      auth: "admin",
      query: SpeechQuery,
      answers: { 200: { description: "WAV, mono, 16 bits.", mediaType: "audio/wav" } },
      refusals: ["not_found", "tts_unavailable"],
      handle: speech
    },
    {
      method: "GET",
      path: "/admin/studio/sessions/:id/events",
      summary: "Watch the machines of a live session",
      description:
        "Server-sent events, each an event of Stately's inspection protocol as JSON: actors, types of events, names of states; " +
        "never what was said or answered. Ends with the session, or when its reader falls behind.",
      auth: "admin",
      params: { id: SessionId },
      answers: { 200: { description: "A stream.", mediaType: "text/event-stream" } },
      refusals: ["not_found"],
      handle: watch
    },
    {
      method: "GET",
      path: "/admin/studio/runs",
      summary: "Sessions that can be stepped through",
      auth: "admin",
      answers: { 200: { description: "Those with a log that is still kept.", body: Runs } },
      refusals: ["storage_unavailable"],
      handle: () => runs
    },
    {
      method: "GET",
      path: "/admin/studio/runs/:id",
      summary: "A kept session, step by step",
      description: "What happened about which question and where the machine then stood; never an answer.",
      auth: "admin",
      params: { id: SessionId },
      answers: { 200: { description: "In order.", body: RunSteps } },
      refusals: ["not_found", "storage_unavailable"],
      handle: run
    }
  ] satisfies ReadonlyArray<Route>
})
