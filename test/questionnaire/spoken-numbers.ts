/** Numbers 1 to 9,999 as people of three regions say them: written anew here, not from the tables of the matcher. */

export interface Dialect {
  readonly ones: ReadonlyArray<string>
  readonly teens: ReadonlyArray<string>
  readonly tens: ReadonlyArray<string>
  readonly hundreds: ReadonlyArray<string>
  readonly thousand: string
  readonly twoThousand: string
  /** With the count's short form before it. */
  readonly thousands: string
  readonly counts: ReadonlyArray<string>
}

export const levantine: Dialect = {
  ones: ["", "واحد", "تنين", "تلاتة", "أربعة", "خمسة", "ستة", "سبعة", "تمانة", "تسعة"],
  teens: ["عشرة", "إحدعش", "طنعش", "تلطعش", "أربعطعش", "خمسطعش", "سطعش", "سبعطعش", "تمنطعش", "تسعطعش"],
  tens: ["", "", "عشرين", "تلاتين", "أربعين", "خمسين", "ستين", "سبعين", "تمانين", "تسعين"],
  hundreds: ["", "مية", "ميتين", "تلتمية", "أربعمية", "خمسمية", "ستمية", "سبعمية", "تمنمية", "تسعمية"],
  thousand: "ألف",
  twoThousand: "ألفين",
  thousands: "تالاف",
  counts: ["", "", "", "تلات", "أربع", "خمس", "ست", "سبع", "تمن", "تسع"]
}

export const egyptian: Dialect = {
  ...levantine,
  ones: ["", "واحد", "اتنين", "تلاتة", "اربعة", "خمسة", "ستة", "سبعة", "تمانية", "تسعة"],
  teens: ["عشرة", "حداشر", "اتناشر", "تلتاشر", "اربعتاشر", "خمستاشر", "ستاشر", "سبعتاشر", "تمنتاشر", "تسعتاشر"],
  thousands: "تلاف"
}

export const gulf: Dialect = {
  ...levantine,
  ones: ["", "واحد", "ثنين", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"],
  teens: ["عشرة", "احدعش", "اثنعش", "ثلطعش", "اربعطعش", "خمسطعش", "ستطعش", "سبعطعش", "ثمنطعش", "تسعطعش"],
  tens: ["", "", "عشرين", "ثلاثين", "أربعين", "خمسين", "ستين", "سبعين", "ثمانين", "تسعين"],
  hundreds: ["", "مية", "ميتين", "ثلاثمية", "أربعمية", "خمسمية", "ستمية", "سبعمية", "ثمانمية", "تسعمية"],
  thousands: "آلاف",
  counts: ["", "", "", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع"]
}

const at = (list: ReadonlyArray<string>, index: number): string => list[index] ?? ""

export const said = (value: number, dialect: Dialect): string => {
  const thousands = Math.trunc(value / 1_000)
  const below = value % 100
  const parts = [
    thousands === 0
      ? ""
      : thousands === 1
        ? dialect.thousand
        : thousands === 2
          ? dialect.twoThousand
          : `${at(dialect.counts, thousands)} ${dialect.thousands}`,
    at(dialect.hundreds, Math.trunc((value % 1_000) / 100)),
    below >= 10 && below < 20 ? at(dialect.teens, below - 10) : at(dialect.ones, below % 10),
    below >= 20 ? at(dialect.tens, Math.trunc(below / 10)) : ""
  ]
  return parts.filter((part) => part !== "").join(" و")
}
