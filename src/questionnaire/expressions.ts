/**
 * The expressions of a questionnaire: variables, computed and offered values, conditions, constraints. The only file that
 * knows FHIRPath. What an expression needs and a file alone cannot give - a patient record, a query to a server - is not
 * there: a condition or constraint on it is refused, a value from it is neither computed nor offered, with a note.
 * An expression that fails on the answers at hand comes to nothing; as a condition it enables, so that no question is lost.
 */
import fhirpath from "fhirpath"
import r4 from "fhirpath/fhir-context/r4"
import type { Evaluate, Evaluated, Form, Instance } from "#machines/form.ts"
import { keyOf } from "#machines/kept.ts"
import { indexOf } from "#machines/plan-index.ts"
import type { Plan, PlanItem } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import type {
  Coding,
  Expression,
  Extension,
  Quantity,
  Questionnaire,
  QuestionnaireItem,
  ResponseItem
} from "#schemas/fhir.ts"
import { all, expression, type Extended, extensionUrls, first, string } from "./extensions.ts"
import { responseItems } from "./response.ts"
import { answerWith, type FhirValue, valueFromFhir, type Valued } from "./values.ts"

export type ItemExpressions = NonNullable<PlanItem["expressions"]>

type Environment = Readonly<Record<string, unknown>>
type Compute = (node: unknown, environment: Environment) => ReadonlyArray<unknown>

interface Variable {
  readonly name: string
  readonly compute: Compute
}

interface OfItem {
  readonly source: QuestionnaireItem
  readonly variables: ReadonlyArray<Variable>
  readonly enabled?: Compute
  readonly value?: Compute
  readonly initial?: Compute
}

interface Constraint {
  readonly id: string
  readonly linkId: string
  readonly compute: Compute
}

/** Always there (FHIRPath and SDC). */
const given: ReadonlySet<string> = new Set([
  "resource",
  "context",
  "rootResource",
  "questionnaire",
  "qitem",
  "sct",
  "loinc",
  "ucum"
])

const namesIn = (source: string): ReadonlyArray<string> =>
  [...source.replace(/'(?:[^'\\]|\\.)*'/g, "''").matchAll(/%(?:`([^`]+)`|([A-Za-z_][\w-]*))/g)].map(
    (match) => match[1] ?? match[2] ?? ""
  )

/** The value of one kind that an expression came to. */
const fhirValue = (result: unknown): FhirValue | undefined => {
  if (typeof result === "boolean") return { valueBoolean: result }
  if (typeof result === "number") return Number.isInteger(result) ? { valueInteger: result } : { valueDecimal: result }
  if (typeof result === "string" && result.trim() === "") return undefined
  if (typeof result === "string") {
    return {
      valueString: result,
      valueDate: result,
      valueDateTime: result,
      valueTime: result.replace(/^T/, ""),
      valueUri: result
    }
  }
  if (typeof result !== "object" || result === null) return undefined
  if ("code" in result && !("value" in result)) return { valueCoding: result as Coding }
  return "value" in result ? { valueQuantity: result as Quantity } : undefined
}

const isTrue = (results: ReadonlyArray<unknown>): boolean => results[0] === true

export class Expressions {
  readonly #questionnaire: Questionnaire
  readonly #ofItem = new Map<string, OfItem>()
  readonly #variables: ReadonlyArray<Variable>
  readonly #constraints: Array<Constraint> = []
  /** Names of what a file alone cannot give. */
  readonly #outside = new Set<string>()
  readonly #known = new Set<string>(given)
  readonly #faults: Array<string> = []
  readonly notes: Array<{ readonly linkId: string; readonly reason: string }> = []

  constructor(questionnaire: Questionnaire) {
    this.#questionnaire = questionnaire
    this.#learnNames()
    this.#variables = this.#variablesOf("", questionnaire)
  }

  faults(): ReadonlyArray<string> {
    return this.#faults
  }

  /** Variables may use each other in any order of their declaration; what leads outside is outside. */
  #learnNames(): void {
    const declared = new Map<string, string>()
    const learn = (element: Extended & { readonly item?: ReadonlyArray<QuestionnaireItem> }): void => {
      for (const { name, language, expression: source } of this.#declared(element)) {
        if (name === undefined) continue
        this.#known.add(name)
        if (language !== "text/fhirpath" || source === undefined) this.#outside.add(name)
        else declared.set(name, `${declared.get(name) ?? ""} ${source}`)
      }
      element.item?.forEach(learn)
    }
    learn(this.#questionnaire)
    for (let grew = true; grew;) {
      grew = false
      for (const [name, source] of declared) {
        if (this.#outside.has(name) || !namesIn(source).some((used) => this.#isOutside(used))) continue
        this.#outside.add(name)
        grew = true
      }
    }
  }

  #isOutside(name: string): boolean {
    return this.#outside.has(name) || !this.#known.has(name)
  }

  #declared(element: Extended): ReadonlyArray<Expression> {
    const named = element === this.#questionnaire ? all(element, extensionUrls.calculated) : []
    return [...all(element, extensionUrls.variable), ...all(element, extensionUrls.sdcVariable), ...named].flatMap(
      ({ valueExpression }) => valueExpression ?? []
    )
  }

  #variablesOf(linkId: string, element: Extended): ReadonlyArray<Variable> {
    return this.#declared(element).flatMap((declared) => {
      const { name, expression: source } = declared
      if (name === undefined || source === undefined || this.#outside.has(name)) return []
      const compute = this.#compile(linkId, source, linkId !== "")
      return compute === undefined ? [] : [{ name, compute }]
    })
  }

  #compile(linkId: string, source: string, inItem: boolean): Compute | undefined {
    const where = linkId === "" ? "" : `${linkId}: `
    try {
      const run = fhirpath.compile(inItem ? { base: "QuestionnaireResponse.item", expression: source } : source, r4, {
        resolveInternalTypes: true
      })
      return (node, environment) => run(node, { ...environment }) as ReadonlyArray<unknown>
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : "unknown"
      this.#faults.push(`${where}the expression ${source} cannot be read: ${reason}`)
      return undefined
    }
  }

  /** Undefined where there is none, or none that can be had here. */
  #usable(linkId: string, given: Expression | undefined, otherwise: (why: string) => void): Compute | undefined {
    if (given === undefined) return undefined
    const { language, expression: source } = given
    if (language !== "text/fhirpath" || source === undefined) {
      otherwise(`${language} is not evaluated here`)
      return undefined
    }
    const outside = namesIn(source).filter((name) => this.#isOutside(name))
    if (outside.length === 0) return this.#compile(linkId, source, linkId !== "")
    otherwise(`it needs ${[...new Set(outside)].map((name) => `%${name}`).join(", ")}, which a file alone cannot give`)
    return undefined
  }

  item(source: QuestionnaireItem): ItemExpressions {
    const { linkId } = source
    const refuse = (what: string) => (why: string) => this.#faults.push(`${linkId}: ${what}: ${why}`)
    const note = (what: string) => (why: string) => this.notes.push({ linkId, reason: `${what}: ${why}` })
    const { enableWhen, calculated, initial, oldInitial } = extensionUrls
    const enabled = this.#usable(linkId, expression(source, enableWhen), refuse("its condition cannot be evaluated"))
    const value = this.#usable(linkId, expression(source, calculated), note("not computed"))
    const offered = this.#usable(linkId, expression(source, initial, oldInitial), note("nothing is offered"))
    const variables = this.#variablesOf(linkId, source)
    const known = {
      source,
      variables,
      ...(enabled === undefined ? {} : { enabled }),
      ...(value === undefined ? {} : { value }),
      ...(offered === undefined ? {} : { initial: offered })
    }
    if (Object.keys(known).length > 2 || variables.length > 0) this.#ofItem.set(linkId, known)
    return {
      ...(enabled === undefined ? {} : { enabled: true as const }),
      ...(value === undefined ? {} : { value: true as const }),
      ...(offered === undefined ? {} : { initial: true as const })
    }
  }

  constraint(id: string, linkId: string, extension: Extension): void {
    const inner = first(extension, "expression")
    const given = inner?.valueExpression ?? { language: "text/fhirpath", expression: inner?.valueString ?? "true" }
    const refuse = (why: string) => this.#faults.push(`${linkId}: its constraint ${string(extension, "human")}: ${why}`)
    const compute = this.#usable(linkId, given, refuse)
    if (compute !== undefined) this.#constraints.push({ id, linkId, compute })
  }

  /** Undefined: there is nothing to evaluate. */
  evaluator(plan: Plan): Evaluate | undefined {
    const hasWork = [...this.#ofItem.values()].some(({ enabled, value, initial }) => enabled ?? value ?? initial)
    if (!hasWork && this.#constraints.length === 0) return undefined
    const inside = [...this.#known].filter((name) => this.#outside.has(name)).map((name) => [name, []])
    const base = { ...Object.fromEntries(inside), questionnaire: this.#questionnaire }
    return (form) =>
      new Evaluation(this.#questionnaire, plan, form, base, this.#variables, this.#ofItem, this.#constraints).run()
  }
}

/** Expressions over one form. */
class Evaluation {
  readonly #plan: Plan
  readonly #form: Form
  readonly #ofItem: ReadonlyMap<string, OfItem>
  readonly #constraints: ReadonlyArray<Constraint>
  readonly #nodes = new Map<Instance, ResponseItem>()
  readonly #environments = new Map<string, Environment>()
  readonly #resource: Readonly<Record<string, unknown>>
  readonly #root: Environment
  readonly #enabled: Record<string, boolean> = {}
  readonly #values: Record<string, ReadonlyArray<Answer>> = {}
  readonly #initial: Record<string, ReadonlyArray<Answer>> = {}
  readonly #violated: Array<string> = []

  constructor(
    questionnaire: Questionnaire,
    plan: Plan,
    form: Form,
    base: Environment,
    variables: ReadonlyArray<Variable>,
    ofItem: ReadonlyMap<string, OfItem>,
    constraints: ReadonlyArray<Constraint>
  ) {
    this.#plan = plan
    this.#form = form
    this.#ofItem = ofItem
    this.#constraints = constraints
    const item = responseItems(questionnaire, plan, form, (instance, node) => this.#nodes.set(instance, node))
    this.#resource = { resourceType: "QuestionnaireResponse", status: "in-progress", item }
    this.#root = this.#with({ ...base, resource: this.#resource }, variables, this.#resource)
  }

  run(): Evaluated {
    this.#check("", this.#resource, this.#root)
    this.#visit(this.#form.items, this.#root)
    for (const { item, at, key } of this.#form.candidates) this.#decide(item, at, key)
    return { enabled: this.#enabled, values: this.#values, initial: this.#initial, violated: this.#violated }
  }

  #results(compute: Compute, node: unknown, environment: Environment, failed: ReadonlyArray<unknown> = []) {
    try {
      return compute(node, environment)
    } catch {
      return failed
    }
  }

  #with(environment: Environment, variables: ReadonlyArray<Variable>, node: unknown): Environment {
    const own: Record<string, unknown> = { ...environment }
    for (const { name, compute } of variables) own[name] = this.#results(compute, node, own)
    return own
  }

  #check(linkId: string, node: unknown, environment: Environment): void {
    for (const { id, linkId: whose, compute } of this.#constraints) {
      if (whose !== linkId || this.#violated.includes(id)) continue
      if (!isTrue(this.#results(compute, node, environment, [true]))) this.#violated.push(id)
    }
  }

  #visit(instances: ReadonlyArray<Instance>, around: Environment): void {
    for (const instance of instances) {
      const { item, key, at, answers } = instance
      const node = this.#nodes.get(instance) ?? { linkId: item.linkId }
      const own = this.#ofItem.get(item.linkId)
      const environment = own === undefined ? around : this.#with({ ...around, qitem: own.source }, own.variables, node)
      this.#environments.set(key, environment)
      // A rule about an answer waits for it.
      if (item.kind === "group" || answers.length > 0) this.#check(item.linkId, node, environment)
      const valued = this.#valued(item)
      if (own?.value !== undefined && valued !== undefined)
        this.#values[key] = this.#answers(own.source, valued, this.#results(own.value, node, environment))
      if (own?.initial !== undefined && valued !== undefined) {
        const whole = item.loop === undefined ? key : keyOf(item.linkId, at.slice(0, -1))
        this.#initial[whole] ??= this.#answers(own.source, valued, this.#results(own.initial, node, environment))
      }
      this.#visit(instance.items, environment)
    }
  }

  #valued(item: PlanItem): (Valued & { readonly chooseMax?: number }) | undefined {
    const question = item.question === undefined ? undefined : this.#plan.questions[item.question]
    if (question !== undefined) return question
    return item.type === undefined
      ? undefined
      : { itemType: item.type, options: item.options ?? [], ...(item.units && { units: item.units }) }
  }

  /** Several values where one is wanted are none. */
  #answers(
    { repeats }: QuestionnaireItem,
    valued: Valued & { readonly chooseMax?: number },
    results: ReadonlyArray<unknown>
  ): ReadonlyArray<Answer> {
    const { language } = this.#plan
    const values = results.flatMap((result) => {
      const value = fhirValue(result)
      return value === undefined ? [] : (valueFromFhir(valued, value) ?? [])
    })
    if (repeats !== true && values.length > 1) return []
    if (valued.chooseMax !== undefined && values.length > 0) return [answerWith(valued, values.map(String), language)]
    return values.map((value) => answerWith(valued, value, language))
  }

  #decide(item: PlanItem, at: ReadonlyArray<number>, key: string): void {
    const own = this.#ofItem.get(item.linkId)
    if (own?.enabled === undefined) return
    const around = this.#environmentAround(item, at)
    const node = { linkId: item.linkId }
    const environment = this.#with({ ...around, qitem: own.source }, own.variables, node)
    this.#enabled[key] = isTrue(this.#results(own.enabled, node, environment, [true]))
  }

  #environmentAround(item: PlanItem, at: ReadonlyArray<number>): Environment {
    const parent = indexOf(this.#plan).place(item.linkId).parent?.item
    if (parent === undefined) return this.#root
    for (let depth = at.length; depth >= 0; depth--) {
      const known = this.#environments.get(keyOf(parent.linkId, at.slice(0, depth)))
      if (known !== undefined) return known
    }
    return this.#root
  }
}
