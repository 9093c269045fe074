/** Yes and no, and what is neither. Lines that begin with ~ are read back before they are believed. */

export const yes = `
yes, yeah, yep, yup, yea, ya, aye, yes yes, yes please, yes i do, yes i have, yes i am, yes it is, yes that is right, oh yes
i do, i have, i am, there is, there are, it is, it does
sure, for sure, of course, of course i do, certainly, definitely, absolutely, indeed, very much so, naturally
correct, that is correct, thats correct, right, that is right, thats right, exactly, true, thats true, that is true, quite right
ok, okay, all right, alright, fine, go ahead, i agree, agreed, agree, i accept, accept, i consent, happy to, please do
no problem, no objection, i do not mind, i dont mind, why not, no worries
~ uh huh, mm hmm, mhm, i think so, i guess so, i suppose so, i believe so, probably, most likely, i would say so, kind of yes
`

export const no = `
no, nope, nah, nay, no no, no no no, no thanks, no thank you, no i do not, no i dont, no i have not, no i havent, no im not, no i am not
i do not, i dont, i have not, i havent, i am not, im not, there is not, there isnt, there is none, there are none, it is not, it isnt, i have none, i have no, i have never, never had, i do not have any, i dont have any
never, not at all, none, none at all, nothing, no way, certainly not, definitely not, absolutely not, of course not, not once, not ever, by no means, negative
wrong, that is wrong, thats wrong, incorrect, not correct, not right, that is not right, thats not right, thats not it, that is not it, false, not true
i do not agree, i dont agree, i disagree, disagree, not agreed, i refuse, i decline, i do not accept, i dont accept, i do not consent, i dont consent, i would rather not, id rather not
~ i do not think so, i dont think so, not really, not that i know of, not that i know, not that i am aware of, not that im aware of, probably not, i doubt it, not much, hardly, i guess not, i suppose not, not exactly
`

/** Plain, at the head of what explains it: "yes, I have …". */
export const bareYes = `yes, yeah, yep, yup, yes yes, oh yes, yes i do, yes i have`

/** A no that may also take back what was said before it. */
export const bareNo = `no, nope, nah, no no, no no no`

/** What a recogniser listens for where consent is asked for, besides a plain yes or no. */
export const agreement = `i agree, agreed, i consent, i accept, i do not agree, i disagree, i do not consent, i refuse`

/** "Go on": no where it is asked whether to stop. It is no consent. */
export const goOn = `begin, start, let us start, go on, keep going, continue, carry on, let us continue, proceed, resume`

/** Neither: asked again. */
export const neither = `
not sure, i am not sure, im not sure, unsure, maybe, perhaps, possibly, it depends, depends, yes and no, not necessarily, sort of, kind of, more or less, not always, could be, might be, so so
`
