/** What the clinic's requests may say. A patient's reference stands in bodies only: a URL lands in logs and histories. */
import { Schema } from "effect"
import { Language } from "#schemas/clinic.ts"
import { Subject } from "#src/gateway/auth.ts"
import { bodyWith, digits, queryWith } from "#src/gateway/requests.ts"
import { invitationId } from "#src/store/invitations.ts"

const perPage = Schema.optionalKey(digits(3, Schema.isBetween({ minimum: 1, maximum: 200 }), "a number from 1 to 200"))

/** An instant in ISO 8601, with its zone. */
export const Instant = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/, {
    expected: "a time such as 2026-12-24T12:00:00Z"
  }),
  Schema.makeFilter((text: string) => Number.isFinite(Date.parse(text)), { expected: "a time that there is" })
)

export const InvitationId = Schema.String.check(Schema.isPattern(invitationId, { expected: "an invitation's id" }))

export const InvitationBody = Schema.Struct({
  questionnaire: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200)),
  subject: Subject,
  language: Schema.optionalKey(Language),
  expires: Schema.optionalKey(Instant)
})
export const invitationBody = bodyWith(InvitationBody)

/** `after`: the `next` of the page before. */
export const InvitationsQuery = Schema.Struct({
  limit: perPage,
  after: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[0-9]{1,15}\.inv_[\w-]{16}$/, { expected: "the `next` of the page before" }))
  )
})
export const invitationsQuery = queryWith(InvitationsQuery)

export const ResponseId = Schema.String.check(
  Schema.isPattern(/^r-[A-Za-z0-9-]{1,64}$/, { expected: "a response's id" })
)

const cursor = Schema.optionalKey(
  Schema.String.check(Schema.isPattern(/^[\w-]{4,160}$/, { expected: "what the `next` link of the page before holds" }))
)
const QuestionnaireId = Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200)))

export const ResponsesQuery = Schema.Struct({
  questionnaire: QuestionnaireId,
  since: Schema.optionalKey(Instant),
  limit: perPage,
  after: cursor
})
export const responsesQuery = queryWith(ResponsesQuery)

/** A patient's reference stands in the body; the page, which names nobody, in the query. */
export const SearchQuery = Schema.Struct({ limit: perPage, after: cursor })
export const searchQuery = queryWith(SearchQuery)
export const SearchBody = Schema.Struct({
  subject: Subject,
  questionnaire: QuestionnaireId,
  since: Schema.optionalKey(Instant)
})
export const searchBody = bodyWith(SearchBody)

export const EraseBody = Schema.Struct({ subject: Subject })
export const eraseBody = bodyWith(EraseBody)
