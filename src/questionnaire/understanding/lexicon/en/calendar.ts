/** Months, days and parts of the day. */

export const months = `
1: january, jan
2: february, feb
3: march, mar
4: april, apr
5: may
6: june, jun
7: july, jul
8: august, aug
9: september, sep, sept
10: october, oct
11: november, nov
12: december, dec
`

/** 0 is Sunday. */
export const weekdays = `
0: sunday, on sunday
1: monday, on monday
2: tuesday, on tuesday
3: wednesday, on wednesday
4: thursday, on thursday
5: friday, on friday
6: saturday, on saturday
`

/** Days from today. */
export const days = `
0: today, tonight, this morning, this afternoon, this evening
-1: yesterday, last night, the day before
-2: the day before yesterday, day before yesterday
1: tomorrow, tomorrow morning, tomorrow night
2: the day after tomorrow, day after tomorrow
`

export const past = `last, the last, past, this past`
export const next = `next, the next, coming, this coming, the coming`
export const current = `this`

/** Before a length of time: so long before today. */
export const before = ``
/** After a length of time. */
export const ago = `ago, before, back, earlier`
/** Before a length of time: so long after today. */
export const after = `in, within, after`
export const fromNow = `from now, from today, later`

/** Between the parts of a date; they change nothing. */
export const inDates = `of, the, in, on, year, the year, month of, day, date, born, was born, i was born, born on, born in, since`
/** Before a year. */
export const yearWords = `in, year, the year, in the year, born in, since, in about, class of`
/** Before the number of a month. */
export const monthWords = `month`

export const theWeek = `week`
export const theMonth = `month`
export const theYear = `year`

export const oclock = `oclock, o clock, at, around, about, by`
/** Between hour and minutes. */
export const minutesWord = `minutes, minute`
export const hourFractions = ``
/** Before the hour, after the minutes. */
export const minutesTo = `to, before, till, of`
export const minutesPast = `past, after`
export const half = `half, a half`
export const quarter = `quarter, a quarter`

/** Which half of the day an hour belongs to. */
export const partsOfDay = `
morning: am, a m, in the morning, morning, this morning, early morning, in the early morning
noon: at noon
afternoon: pm, p m, in the afternoon, afternoon, this afternoon
evening: in the evening, evening, this evening
night: at night, night, tonight, in the night
`
export const midnight = `midnight`
export const noon = `noon, midday, twelve noon, 12 noon, noontime`
/** In the words of a question they tell which half of the day an hour belongs to. */
export const eveningQuestions = `sleep, bed, bedtime, asleep, dinner, supper`
export const morningQuestions = `wake, wake up, get up, breakfast`
