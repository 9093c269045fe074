/** Numbers in words: the value, then how it is said. */

/** 0 to 19. */
export const small = `
0: zero, nought, naught, nil
1: one
2: two
3: three
4: four
5: five
6: six
7: seven
8: eight
9: nine
10: ten
11: eleven
12: twelve
13: thirteen
14: fourteen
15: fifteen
16: sixteen
17: seventeen
18: eighteen
19: nineteen
`

export const tens = `
20: twenty
30: thirty
40: forty, fourty
50: fifty
60: sixty
70: seventy
80: eighty
90: ninety
`

/** 100 counts after 1 to 99 too: fifteen hundred. */
export const hundreds = `100: hundred`

export const thousand = `thousand`
export const thousands = `thousand`
export const twoThousand = ``
export const million = `million`
export const twoMillion = ``

export const and = `and`
/** Between whole and fraction. */
export const point = `point, dot, decimal`
/** What is added after "and", or stands before a unit. */
export const fractions = `
0.5: half, a half
0.25: quarter, a quarter
0.75: three quarters
`
/** Taken away. None in English. */
export const lessThan = ``

export const ordinals = `
1: first
2: second
3: third
4: fourth
5: fifth
6: sixth
7: seventh
8: eighth
9: ninth
10: tenth
11: eleventh
12: twelfth
13: thirteenth
14: fourteenth
15: fifteenth
16: sixteenth
17: seventeenth
18: eighteenth
19: nineteenth
20: twentieth
30: thirtieth
`
/** Makes a teen of an ordinal. None in English. */
export const ordinalTen = ``
/** The one at the end of a list. */
export const last = `last, last one, the last, the last one, last option, the last option, final one`
/** "out of", before the top of a scale: seven out of ten. */
export const outOf = `out of, over, of`
/** Heard for a number when nothing else was. */
export const soundsLike = `
1: won
2: to, too
4: for, fore
8: ate
`
/** Spoken in web addresses, beside the point. */
export const slash = `slash`
/** After an ordinal it adds nothing: the second one. */
export const oneOfThem = `one, option, choice, answer`
/** A number that is not meant exactly. */
export const vague = `
2: couple, a couple, couple of, a couple of
12: dozen, a dozen
`
