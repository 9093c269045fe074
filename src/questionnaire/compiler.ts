/**
 * Goes through a questionnaire item by item: what is asked, told, computed, left out or refused. Pure.
 * An item that nobody can be asked is left out with a note; if it is required, its questionnaire is refused.
 */
import type { Evaluate } from "#machines/form.ts"
import type { Plan, PlanAlert, PlanConstraint, PlanItem, PlanQuestion, PlanScore, Spoken } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import type { Questionnaire, QuestionnaireItem } from "#schemas/fhir.ts"
import { boundsOf, occurrences, unitsOf } from "./bounds.ts"
import { circles, conditionOf, type Asked } from "./conditions.ts"
import { Expressions, type ItemExpressions } from "./expressions.ts"
import { all, controls, type Extended, extensionUrls, first, string, unknownUrls } from "./extensions.ts"
import { initialOf, together } from "./initial.ts"
import { booleanOptionsIn, optionsOf } from "./options.ts"
import { isFirstOfList, mayBeListed } from "./lists.ts"
import { alertsOf, isNumber, scoreFaults, scoreOf } from "./rules.ts"
import { sumsOf } from "./scores.ts"
import { Texts } from "./texts.ts"
import type { Valued } from "./values.ts"
import { resolveValueSet, type ValueSets } from "./value-sets.ts"

export interface Note {
  readonly linkId: string
  readonly reason: string
}

const withExpressions = (expressions: ItemExpressions): Pick<PlanItem, "expressions"> =>
  Object.keys(expressions).length === 0 ? {} : { expressions }

const neverAsked: ReadonlySet<string> = new Set(["reference", "attachment"])
/** Displays that belong to the question around them. */
const helpful: ReadonlySet<string> = new Set([
  "help",
  "flyover",
  "lower",
  "upper",
  "legal",
  "instructions",
  "security",
  "unit"
])

export class Compiler {
  readonly #source: Questionnaire
  readonly #texts: Texts
  readonly #valueSets: ValueSets
  readonly #expressions: Expressions
  readonly #byLinkId = new Map<string, QuestionnaireItem>()
  readonly #asked = new Map<string, Asked>()
  readonly refusals: Array<string> = []
  readonly notes: Array<Note> = []
  readonly questions: Array<PlanQuestion> = []
  readonly scores: Array<PlanScore> = []
  readonly alerts: Array<PlanAlert> = []
  readonly constraints: Array<PlanConstraint> = []
  #loops = 0

  constructor(source: Questionnaire, texts: Texts, valueSets: ValueSets) {
    this.#source = source
    this.#texts = texts
    this.#valueSets = valueSets
    this.#expressions = new Expressions(source)
    this.#register(source.item)
  }

  #refuse(linkId: string, reason: string): void {
    this.refusals.push(linkId === "" ? reason : `${linkId}: ${reason}`)
  }

  /** Conditions look ahead: what may be answered at each item must be known before any is compiled. */
  #register(items: ReadonlyArray<QuestionnaireItem>): void {
    for (const item of items) {
      if (this.#byLinkId.has(item.linkId)) this.#refuse(item.linkId, "this linkId is used twice")
      this.#byLinkId.set(item.linkId, item)
      const concepts = this.#concepts(item)
      const isChoice = item.answerOption !== undefined || concepts.length > 0
      if (item.type !== "group" && item.type !== "display") {
        const refuse = (reason: string) => this.#refuse(item.linkId, reason)
        this.#asked.set(item.linkId, {
          type: item.type,
          options: isChoice ? optionsOf(item, concepts, this.#texts, refuse) : []
        })
      }
      this.#register(item.item ?? [])
    }
  }

  #concepts(item: QuestionnaireItem) {
    if (item.answerValueSet === undefined) return []
    return resolveValueSet(item.answerValueSet, this.#source.contained ?? [], this.#valueSets) ?? []
  }

  compile(): ReadonlyArray<PlanItem> {
    this.#checkExtensions("", this.#source)
    this.#constrain("", this.#source)
    const items = this.#source.item.flatMap((item) => this.#item(item, false, undefined))
    for (const linkId of circles(items)) this.#refuse(linkId, "its conditions lead back to itself")
    for (const reason of this.#expressions.faults()) this.refusals.push(reason)
    return items
  }

  #checkExtensions(linkId: string, ...elements: ReadonlyArray<Extended | undefined>): void {
    for (const url of elements.flatMap(unknownUrls)) this.#refuse(linkId, `extension ${url} is not supported`)
  }

  #constrain(linkId: string, element: Extended): void {
    for (const extension of [
      ...all(element, extensionUrls.constraint),
      ...all(element, extensionUrls.targetConstraint)
    ]) {
      if (string({ extension: extension.extension ?? [] }, "severity") === "warning") continue
      if (first(extension, "severity")?.valueCode === "warning") continue
      const human = string(extension, "human") ?? ""
      const id = `${linkId} ${this.constraints.length + 1}`
      this.#expressions.constraint(id, linkId, extension)
      this.constraints.push({ id, linkId, human })
    }
  }

  #item(item: QuestionnaireItem, around: boolean, parent: QuestionnaireItem | undefined): ReadonlyArray<PlanItem> {
    this.#checkExtensions(item.linkId, item, item._text, item._prefix)
    const refuse = (reason: string) => this.#refuse(item.linkId, reason)
    const isHidden = around || first(item, extensionUrls.hidden)?.valueBoolean === true
    const enableWhen = conditionOf(item, (linkId) => this.#comparable(linkId), refuse)
    this.#constrain(item.linkId, item)
    const base = { linkId: item.linkId, ...(enableWhen === undefined ? {} : { enableWhen }) }
    if (item.type === "display") {
      const inner = item.item ?? []
      if (inner.some(({ type }) => type !== "display")) refuse("a display item cannot hold questions")
      if (this.#isHelpFor(item, parent)) return []
      const expressions = this.#expressions.item(item)
      const told = isHidden ? undefined : this.#texts.told(item.text, item._text, item, item.linkId)
      return [
        {
          ...base,
          ...withExpressions(expressions),
          kind: "display",
          ...(told && { told }),
          items: inner.flatMap((child) => this.#item(child, isHidden, undefined))
        }
      ]
    }
    return item.type === "group" ? this.#group(item, isHidden, base) : this.#question(item, isHidden, base, parent)
  }

  #comparable(linkId: string): Asked | undefined {
    const asked = this.#asked.get(linkId)
    return asked?.type === "boolean" ? { ...asked, options: [] } : asked
  }

  #isHelpFor(display: QuestionnaireItem, parent: QuestionnaireItem | undefined): boolean {
    if (parent === undefined || display.enableWhen !== undefined) return false
    return parent.type !== "group" || controls(display).some((control) => helpful.has(control))
  }

  #help(item: QuestionnaireItem): Spoken | undefined {
    const own = this.#texts.help(item, extensionUrls.help, `${item.linkId}: help`)
    const displays = (item.item ?? []).flatMap((child) =>
      child.type === "display" && this.#isHelpFor(child, item)
        ? (this.#texts.told(child.text, child._text, child, child.linkId) ?? [])
        : []
    )
    const parts = own === undefined ? displays : [own, ...displays]
    if (parts.length === 0) return undefined
    return {
      text: parts.map(({ text }) => text).join(" "),
      spokenText: parts.map(({ spokenText }) => spokenText).join(" ")
    }
  }

  #group(item: QuestionnaireItem, isHidden: boolean, base: Pick<PlanItem, "linkId" | "enableWhen">) {
    const told = isHidden ? undefined : this.#texts.told(item.text, item._text, item, item.linkId)
    const expressions = this.#expressions.item(item)
    const { min, max } = occurrences(item)
    const repeats = item.repeats === true && max > 1 && !isHidden
    const loop = repeats ? { min, max, gated: min === 0 && told !== undefined, index: this.#loops++ } : undefined
    return [
      {
        ...base,
        ...withExpressions(expressions),
        kind: "group" as const,
        ...(told === undefined ? {} : { told }),
        ...(loop === undefined ? {} : { loop }),
        items: (item.item ?? []).flatMap((child) => this.#item(child, isHidden, item))
      }
    ]
  }

  #question(
    item: QuestionnaireItem,
    isHidden: boolean,
    base: Pick<PlanItem, "linkId" | "enableWhen">,
    parent: QuestionnaireItem | undefined
  ): ReadonlyArray<PlanItem> {
    const { linkId, type } = item
    const refuse = (reason: string) => this.#refuse(linkId, reason)
    const why = this.#whyNotAsked(item)
    const expressions = this.#expressions.item(item)
    const sums = all(item, extensionUrls.sumOf).flatMap(({ valueString }) => valueString ?? [])
    const isComputed = expressions.value === true || sums.length > 0
    if (sums.length > 0 || (expressions.value === true && isNumber(item))) {
      this.scores.push(scoreOf(item, sums, this.#texts))
      const options = (part: string) => this.#asked.get(part)?.options
      for (const reason of scoreFaults(item, sums, options)) refuse(reason)
    }
    if (neverAsked.has(type)) {
      if (why !== undefined && item.required === true) refuse(`it is required, and ${why}`)
      else if (why !== undefined) this.notes.push({ linkId, reason: `left out: ${why}` })
      return []
    }
    const valued = this.#valued(item)
    const isSilent = isHidden || item.readOnly === true || why !== undefined || sums.length > 0
    const mayBeAsked = !isSilent && !(isComputed && item.required !== true)
    const initial = initialOf(item, valued, this.#texts.language, {
      refuse,
      note: (reason) => this.notes.push({ linkId, reason })
    })
    if (!mayBeAsked)
      this.#explainSilence(item, why, isHidden, isComputed || initial.length > 0 || expressions.initial === true)
    const question = mayBeAsked ? this.#ask(item, valued, initial, parent) : undefined
    const { min, max } = occurrences(item)
    const isLoop = question !== undefined && item.repeats === true && max > 1 && question.chooseMax === undefined
    const loop = isLoop ? { min, max, gated: false, index: this.#loops++ } : undefined
    return [
      {
        ...base,
        ...withExpressions({ ...expressions, ...(isComputed ? { value: true } : {}) }),
        kind: "question",
        type: valued.itemType,
        ...(question === undefined
          ? {
              options: valued.options,
              ...(valued.units === undefined ? {} : { units: valued.units }),
              ...(initial.length === 0 ? {} : { fixed: initial })
            }
          : { question: this.questions.indexOf(question) }),
        ...(item.required === true ? { required: true as const } : {}),
        ...(loop === undefined ? {} : { loop }),
        items: (item.item ?? []).flatMap((child) => this.#item(child, isHidden, item))
      }
    ]
  }

  #explainSilence(item: QuestionnaireItem, why: string | undefined, isHidden: boolean, hasValue: boolean): void {
    const { linkId } = item
    if (hasValue) return
    if (why !== undefined && item.required !== true) this.notes.push({ linkId, reason: `left out: ${why}` })
    if (item.required !== true) return
    const silence = why ?? (isHidden ? "it is hidden" : "it is readOnly")
    this.#refuse(linkId, `it is required, ${why === undefined ? "" : "and "}${silence} and nothing gives it a value`)
  }

  /** Undefined: it can be. */
  #whyNotAsked(item: QuestionnaireItem): string | undefined {
    const { type, linkId, text, prefix, code } = item
    if (neverAsked.has(type)) return `${type === "attachment" ? "an" : "a"} ${type} cannot be asked`
    if ((text ?? prefix ?? code?.[0]?.display) === undefined) return "a question needs a text"
    if (type !== "choice" || (this.#asked.get(linkId)?.options ?? []).length > 0) return undefined
    if (item.answerValueSet !== undefined)
      return `the value set ${item.answerValueSet} is not at hand (docs: valuesets/)`
    return first(item, extensionUrls.answers, extensionUrls.candidates) === undefined
      ? "a choice needs answerOption or answerValueSet"
      : "its answers come from an expression"
  }

  #valued(item: QuestionnaireItem): Valued {
    const known = this.#asked.get(item.linkId)?.options ?? []
    const isChosen = known.length > 0 && item.type !== "boolean"
    const units = unitsOf(item)
    const itemType = isChosen
      ? item.type === "open-choice"
        ? "open-choice"
        : "choice"
      : item.type === "open-choice" || item.type === "choice"
        ? item.type
        : (item.type as Valued["itemType"])
    return {
      itemType,
      options: item.type === "boolean" ? booleanOptionsIn(this.#texts.language) : known,
      ...(units.length === 0 ? {} : { units })
    }
  }

  #ask(
    item: QuestionnaireItem,
    valued: Valued,
    initial: ReadonlyArray<Answer>,
    parent: QuestionnaireItem | undefined
  ): PlanQuestion {
    const { linkId } = item
    const refuse = (reason: string) => this.#refuse(linkId, reason)
    const texts = this.#texts
    const told =
      texts.told(item.text, item._text, item, linkId) ??
      texts.told(item.prefix ?? item.code?.[0]?.display, undefined, item, linkId)
    const repeats = item.repeats === true
    const { min, max } = occurrences(item)
    const hasQuestions = (item.item ?? []).some(({ type }) => type !== "display")
    const isSeveral = repeats && max > 1 && valued.options.length > 0 && item.type !== "boolean" && !hasQuestions
    const most = valued.itemType === "open-choice" ? max : Math.min(max, valued.options.length)
    const confirm = first(item, extensionUrls.confirm)?.valueCode
    const isEntry = repeats && max > 1 && !isSeveral
    const lists = mayBeListed(valued.itemType) && (isEntry || isFirstOfList(item, parent))
    const help = this.#help(item)
    const phrases = texts.phrases(item, extensionUrls.phrase)
    const offered = isSeveral ? together(initial, valued, texts.language) : initial
    const question: PlanQuestion = {
      linkId,
      text: told?.text ?? "",
      spokenText: told?.spokenText ?? "",
      ...(told?.feminine === undefined ? {} : { feminine: told.feminine }),
      ...(help === undefined ? {} : { help }),
      ...valued,
      required: item.required ?? false,
      confirm: confirm === "always" || confirm === "never" ? confirm : "low",
      ...(lists ? { lists } : {}),
      ...(isSeveral ? { chooseMax: most, chooseMin: Math.max(1, Math.min(min, most)) } : {}),
      ...boundsOf(item, refuse),
      ...(offered.length === 0 ? {} : { initial: offered }),
      ...(phrases.length === 0 ? {} : { phrases })
    }
    this.questions.push(question)
    this.alerts.push(...alertsOf(item, valued.options))
    return question
  }

  /** Sums and expressions, as one function. */
  evaluate(plan: Plan): Evaluate | undefined {
    const expressions = this.#expressions.evaluator(plan)
    const sums = plan.scores.some(({ sumOf }) => sumOf.length > 0)
    if (expressions === undefined && !sums) return undefined
    return (form) => {
      const evaluated = expressions?.(form) ?? { enabled: {}, values: {}, initial: {}, violated: [] }
      return sums ? { ...evaluated, values: { ...evaluated.values, ...sumsOf(plan, form) } } : evaluated
    }
  }

  takeNotes(): ReadonlyArray<Note> {
    const nothing = this.questions.length > 0 ? [] : [{ linkId: "", reason: "nothing in it is asked" }]
    return [...this.notes, ...this.#expressions.notes, ...nothing]
  }
}
