/** The small words around an answer. */

/** Sounds of hesitation: left out of a free text's beginning. */
export const sounds = `um, umm, uh, uhm, uhh, er, erm, hm, hmm, mm, ah, oh`

/** Sounds and courtesies: they change nothing. */
export const fillers = `
um, umm, uh, uhm, uhh, er, erm, hm, hmm, mm, ah, oh, well, so, like, you know, you see, i mean, let me see, let me think, let us see, lets see, honestly, actually, to be honest, basically, anyway, okay, ok, right, please, thanks, thank you, thank god, sorry, excuse me, doctor, nurse, sir, madam, now, just, really
`

/** Words of an answer that carry none of its meaning. */
export const neutral = `
i, im, ive, id, i am, i have, i had, i was, we, you, it, its, it is, it was, that, thats, that is, this, there, is, was, are, be, been, has, had, do, did, the, a, an, my, me, in, on, at, of, for, to, with, by, from, and, also, too, as, got, have, would, will, can, could, one of, aged
number, option, choice, answer, the answer is, my answer is, my answer, choose, i choose, i pick, pick, select, put, put down, say, i say, i would say, id say, go with, i will go with, ill go with, take, ill take, make it, lets say, want, want to, need, wanna, some, any, total, exactly, this one
today, currently, these days, lately
`

/** The speaker is not certain: read back. */
export const hedges = `
i think, i guess, i believe, i suppose, maybe, perhaps, probably, possibly, about, around, approximately, roughly, almost, nearly, some, or so, something like, more or less, close to, nearly about, not sure but, i am not sure but, im not sure but, not sure, im not sure, approx, give or take, might be, could be, must be, over, under, at least, at most, more than, less than, just over, just under, a little over, a bit more than
`

export const negations = `
not, isnt, wasnt, arent, werent, dont, do not, doesnt, does not, didnt, did not, havent, have not, hasnt, has not, hadnt, cant, cannot, wont, never, no, nor, without, non, aint
`

/** After a denial they leave open how much is denied: "not every day". */
export const wholes = `every day, everyday, daily, always, all the time, every time, all, all of them, often, much, a lot, anymore, any more, regularly, that much, very much`

/** What comes before was said by mistake; what comes after is meant. */
export const corrections = `
i mean, i meant, i meant to say, no i mean, no i meant, sorry i mean, sorry i meant, sorry, sorry no, no sorry, no wait, wait, wait no, wait sorry, actually, no actually, or rather, rather, correction, make that, scratch that, oops, my mistake, excuse me, no make that, hang on, no hang on, pardon, i said, no i said, let me correct
`

/** One or the other: asked again. */
export const alternatives = `or, either, between, or maybe, versus`

/** A new thought: a negation does not reach over it. */
export const contrasts = `but, just, only, rather, instead, more like`

export const joiners = `and, plus, also, and also, then, as well as, with, and then`

/** After the last entry of a list: there is no other. */
export const enough = `
nothing else, and nothing else, nothing more, and nothing more, no more, no others, no other, none other, not anything else, and that is all, that is all, thats all, and thats all, that is it, thats it, and that is it, and thats it, that is everything, thats everything, that would be all, that will be all, thats all i have, that is all i have, only, only that, only those, just that, just those, just these, no more than that
`

/** Before a number: below zero. */
export const minus = `minus, negative`

/** None of what was asked about. */
export const nothing = `
none, none at all, nothing, no one, nobody, not any, not one, not a single one, zilch, nil, never, not at all
~ i do not have any, i dont have any, i have none, i dont have, i do not have, i havent any
`

/** Before a name or another short text. */
export const leadIns = `my name is, the name is, name is, i am called, im called, they call me, call me, it is called, its called, my names`
