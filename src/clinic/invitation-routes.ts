/** Invitations: made, listed, taken back, by whoever cares for the patient. */
import { Clock, Effect, Result } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { InvitationAnswer, InvitationList, type InvitationRow } from "#schemas/clinic.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { answerJson, type Caller, type Route, urlOf } from "#src/gateway/route.ts"
import { limits } from "#src/limits.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { Revocations } from "#src/registry/revocations.ts"
import { type Invitation, Invitations } from "#src/store/invitations.ts"
import { auditedCaller } from "./caller.ts"
import { cannotKeep } from "./refusals.ts"
import { linkOf, publicOrigin, qrOf } from "./links.ts"
import { InvitationBody, invitationBody, InvitationId, InvitationsQuery, invitationsQuery } from "./requests.ts"

const perPage = 50
const dayMs = 86_400_000

const timeOf = (atMs: number): string => new Date(atMs).toISOString()

const stateOf = ({ revokedAtMs, begunAtMs, expiresAtMs }: Invitation, nowMs: number): InvitationRow["state"] => {
  if (revokedAtMs !== undefined) return "revoked"
  if (begunAtMs !== undefined) return "begun"
  return expiresAtMs <= nowMs ? "expired" : "open"
}

/** Who the patient is, a clinician may know; to the admin it is a hash, as in every list of theirs. */
const rowOf = (invitation: Invitation, { by }: Caller, nowMs: number): InvitationRow => ({
  id: invitation.id,
  questionnaire: invitation.questionnaire,
  language: invitation.language,
  state: stateOf(invitation, nowMs),
  subject_hash: invitation.subjectHash,
  ...(by === "clinician" ? { subject: invitation.subject } : {}),
  created_at: timeOf(invitation.createdAtMs),
  expires_at: timeOf(invitation.expiresAtMs),
  begun_at: invitation.begunAtMs === undefined ? null : timeOf(invitation.begunAtMs),
  session_id: invitation.sessionId ?? null
})

export const invitationRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const audit = yield* Audit
  const invitations = yield* Invitations
  const revocations = yield* Revocations
  const questionnaires = yield* Questionnaires

  const create = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const body = yield* invitationBody(request)
    const loaded = questionnaires.get(body.questionnaire)
    if (loaded === undefined) {
      const ids = questionnaires.all.map(({ plan }) => plan.id).join(", ")
      return yield* refuse("unknown_questionnaire", `\`questionnaire\` must be one of: ${ids}.`)
    }
    const language = body.language ?? loaded.plan.language
    if (loaded.languages[language] === undefined) {
      const written = Object.keys(loaded.languages).join(", ")
      return yield* refuse("invalid_message", `\`language\`: ${body.questionnaire} is written in ${written}.`)
    }
    const nowMs = yield* Clock.currentTimeMillis
    const expiresAtMs =
      body.expires === undefined ? nowMs + limits.invitationDaysDefault * dayMs : Date.parse(body.expires)
    if (expiresAtMs <= nowMs || expiresAtMs > nowMs + limits.invitationDaysMax * dayMs) {
      return yield* refuse(
        "invalid_message",
        `\`expires\` must be in the next ${limits.invitationDaysMax} days, as a time such as ${timeOf(nowMs + dayMs)}.`
      )
    }
    const origin = publicOrigin(settings, request.headers["host"])
    if (origin === undefined) {
      return yield* refuse("not_ready", "A link cannot be made: set PUBLIC_URL to where patients reach this service.")
    }
    const subject = body.subject.normalize("NFC")
    const created = invitations.create({
      subject,
      questionnaire: loaded.plan.id,
      language,
      createdAtMs: Math.max(nowMs, revocations.issuableFromSeconds(subject) * 1_000),
      expiresAtMs
    })
    if (Result.isFailure(created)) return yield* cannotKeep()
    const { id, token } = created.success
    const expires_at = timeOf(expiresAtMs)
    audit.record({
      event: "invitation.created",
      ...auditedCaller(caller, request, settings),
      invitation_id: id,
      questionnaire: loaded.plan.id,
      expires_at,
      subject
    })
    const link = linkOf(origin, token, language)
    return answerJson(
      InvitationAnswer,
      { id, questionnaire: loaded.plan.id, language, expires_at, link, qr_svg: qrOf(link) },
      { status: 201 }
    )
  })

  const list = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { limit = perPage, after } = yield* Effect.fromResult(invitationsQuery(urlOf(request)))
    const [createdAt = "", afterId = ""] = after?.split(".") ?? []
    const before = after === undefined ? {} : { before: { createdAtMs: Number(createdAt), id: afterId } }
    const found = invitations.list({ count: limit + 1, ...before })
    if (Result.isFailure(found)) return yield* cannotKeep()
    const nowMs = yield* Clock.currentTimeMillis
    const page = found.success.slice(0, limit)
    const last = found.success.length > limit ? page.at(-1) : undefined
    audit.record({ event: "invitation.listed", ...auditedCaller(caller, request, settings), count: page.length })
    return answerJson(InvitationList, {
      invitations: page.map((invitation) => rowOf(invitation, caller, nowMs)),
      ...(last === undefined ? {} : { next: `${last.createdAtMs}.${last.id}` })
    })
  })

  const revoke = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { id = "" } = yield* HttpRouter.params
    const found = invitations.revoke(id)
    if (Result.isFailure(found)) return yield* cannotKeep()
    if (found.success === undefined) return yield* refuse("not_found", "There is no such invitation.")
    // A visit that has begun with it ends as with any token that is taken back.
    if (revocations.revoke({ tokenId: id }) === "too_many") return yield* cannotKeep()
    audit.record({
      event: "invitation.revoked",
      ...auditedCaller(caller, request, settings),
      invitation_id: id,
      subject: found.success.subject
    })
    return HttpServerResponse.empty({ status: 204 })
  })
  return [
    {
      method: "POST",
      path: "/invitations",
      summary: "Invite a patient to one visit",
      description:
        "The link and its QR code are in this answer and nowhere else; only a hash of the token is kept. Whoever opens it " +
        "begins the questionnaire once, as this patient, and may come back to that visit until it is over.",
      auth: "staff",
      body: InvitationBody,
      answers: { 201: { description: "For the patient alone: print it, or show it.", body: InvitationAnswer } },
      refusals: ["unknown_questionnaire", "not_ready", "storage_unavailable"],
      handle: create
    },
    {
      method: "GET",
      path: "/invitations",
      summary: "Invitations and what has become of them",
      description: "Without their links. The patient's reference is told to scope `clinician` only.",
      auth: "staff",
      query: InvitationsQuery,
      answers: { 200: { description: "A page of the list.", body: InvitationList } },
      refusals: ["storage_unavailable"],
      handle: list
    },
    {
      method: "DELETE",
      path: "/invitations/:id",
      summary: "Take back an invitation",
      description:
        "Its link opens nothing from now on, after a restart too. A visit that has begun with it ends at once; what was " +
        "answered stays (`DELETE /responses/{id}` deletes it).",
      auth: "staff",
      params: { id: InvitationId },
      answers: { 204: { description: "Taken back." } },
      refusals: ["not_found", "storage_unavailable"],
      handle: revoke
    }
  ] satisfies ReadonlyArray<Route>
})
