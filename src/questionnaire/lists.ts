/** Which questions take several entries of a list in one breath ("penicillin and aspirin"). Pure. */
import type { QuestionType } from "#machines/plan.ts"
import type { QuestionnaireItem } from "#schemas/fhir.ts"
import { occurrences } from "./bounds.ts"
import { extensionUrls, first } from "./extensions.ts"

/** A long text is told in sentences: no "and" in it parts two entries. */
const single: ReadonlySet<QuestionType> = new Set(["boolean", "text", "url"])

export const mayBeListed = (type: QuestionType): boolean => !single.has(type)

/** What a group that repeats asks first names its entry: several names are several entries. */
export const isFirstOfList = (item: QuestionnaireItem, parent: QuestionnaireItem | undefined): boolean => {
  if (parent?.type !== "group" || parent.repeats !== true || occurrences(parent).max < 2) return false
  const isConditional = item.enableWhen !== undefined || first(item, extensionUrls.enableWhen) !== undefined
  return !isConditional && item.repeats !== true && parent.item?.find(({ type }) => type !== "display") === item
}
