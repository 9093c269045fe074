/**
 * Characters that have no glyph but change how the rest is read: control characters, marks that turn the direction of a
 * line (Unicode 16, UAX #9: "Trojan Source"), and half a surrogate pair, which is no character at all. What is shown is
 * freed of them; what names something - a `ref`, a subject - is refused with them. Joiners are none of these: Persian and
 * emoji are written with them.
 */
export const directionMarks = String.raw`\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069`

const hidden = new RegExp(String.raw`[\p{Cc}\p{Surrogate}${directionMarks}]`, "u")

export const hasHiddenCharacters = (text: string): boolean => hidden.test(text)
