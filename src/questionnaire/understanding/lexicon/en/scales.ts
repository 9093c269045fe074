/**
 * Wordings of common scales: an option whose display or phrases are on a line is also chosen by the rest of the line.
 * After ~: may be meant, is read back. A phrase that another option of the question owns is left to that one.
 */

export const scales = `
never: not at all, never, not once, not ever, no days, no days at all, zero days, not a single day, not even once, none of the days, never ever, no not at all, not one day ~ no, none, nothing
several days: several days, a few days, some days, a couple of days, couple of days, a number of days, several times, few days, a handful of days, some of the days, on several days, on some days ~ sometimes, once in a while, from time to time, now and then, now and again, occasionally, a little, a bit, a little bit, less than half the days, less than half of the days, fewer than half the days, less than half, on and off, a few times
more than half the days: more than half the days, more than half of the days, over half the days, over half of the days, more than half, more than half of the time, more than half the time, over half ~ most days, most of the days, half the days, half of the days, most of the time, often, about half the days, a lot, many days, quite often, the majority of days
nearly every day: nearly every day, almost every day, every day, everyday, daily, almost daily, nearly daily, every single day, each day, all days, practically every day, pretty much every day, just about every day, most every day, every day and night, all the days ~ always, all the time, constantly, every night, all day
rarely: rarely, hardly ever, seldom, very rarely, almost never, once in a blue moon, barely ever, not often, very seldom ~ a little, hardly
sometimes: sometimes, occasionally, now and then, now and again, from time to time, once in a while, at times, on occasion, every now and then, every so often, some times ~ some days, a little, a few days, so so
often: often, frequently, a lot, quite often, very often, usually, mostly, regularly, many times, a lot of the time ~ most of the time, most days
always: always, all the time, constantly, every time, the whole time, continuously, without exception, at all times ~ every day, daily
none of the time: at no time, none of the time, never, not at any time
some of the time: some of the time, a little of the time ~ sometimes, occasionally
less than half the time: less than half of the time, less than half the time
more than half the time: more than half of the time, more than half the time
most of the time: most of the time, mostly, usually, nearly all the time ~ often
male: male, man, boy, a man, a male, a boy, im a man, gentleman, masculine
female: female, woman, girl, a woman, a female, a girl, im a woman, lady, feminine
not difficult: not difficult at all, not difficult, not at all difficult, no difficulty, no difficulty at all, easy, not hard at all, not hard, no problem, no trouble ~ not at all, no
somewhat difficult: somewhat difficult, a little difficult, a bit difficult, slightly difficult, a little hard, a bit hard, kind of difficult, fairly difficult, some difficulty, somewhat hard, sort of difficult ~ somewhat, a little, a bit
very difficult: very difficult, very hard, really difficult, really hard, quite difficult, pretty hard, pretty difficult, so difficult ~ very
extremely difficult: extremely difficult, extremely hard, incredibly difficult, impossible, unbearably difficult, terribly difficult ~ extremely
none: none, nothing, none of these, none of them, none of the above, no one
mild: mild, slight, light, minor, very mild
moderate: moderate, medium, average
severe: severe, serious, very strong, intense
unknown: i do not know, i dont know, dont know, unknown, not sure, im not sure, i am not sure, no idea, unsure
married: married
single: single, not married, never married, unmarried
divorced: divorced
widowed: widowed, widow, widower
`

/** Names of lines above that mean none of it: "no, never" agrees with itself. */
export const negativeScales = `never, none, none of the time, not difficult`

/** Named lines that a number of days out of two weeks falls into, from, to. */
export const daysOfFourteen = `
never: 0
several days: 1, 7
more than half the days: 8, 11
nearly every day: 12, 14
`

/** An option that begins so says that there is none of it. */
export const noneBeginnings = `no, none, nothing, without, i have no`
