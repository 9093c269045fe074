/** Words after which a person must be listened to. Better one alert too many: only a clear denial takes a phrase back. */

export const selfHarm = `
suicide, suicidal, kill myself, killing myself, killed myself, end my life, ending my life, take my life, take my own life, end it all, end it, hang myself, shoot myself, drown myself, poison myself
want to die, wanna die, wanting to die, wish i was dead, wish i were dead, wish i could die, wish to die, rather be dead, rather die, better off dead, be dead, ready to die, hope i die, to die, thinking about death, thinking of death, thoughts of death, thinking about dying, thoughts of dying
better off without me, no reason to live, nothing to live for, not worth living, no point in living, no point living, tired of living, tired of life, hate my life, sick of living
do not want to live, do not wanna live, do not want to be alive, do not want to be here, do not want to wake up, do not want to exist, do not want to go on, can not go on, can not go on like this, not want to live
do not see the point, do not see any point, the point of going on, point of going on, no point going on, no point in going on, the point of living, see the point anymore, would not wake up, not wake up, never wake up, go to sleep and never, miss me if i, if i were gone, if i was gone, if i were dead, if i was dead, ending everything, end everything, be gone forever, disappear forever, a burden to everyone, a burden to my family, give up on life, given up on life, said my goodbyes, goodbye note, suicide note, my own funeral, my funeral, been cutting, better without me, whole bottle of pills, the whole bottle, all my pills, driving off, drive off the road, drive off a bridge, drive into a tree
hurt myself, hurting myself, harm myself, harming myself, self harm, self harming, cut myself, cutting myself, burn myself, burning myself, injure myself, jump off, jumping off, jump in front of, jumping in front of
`

export const emergency = `
can not breathe, can not breath, can hardly breathe, struggling to breathe, not breathing, is not breathing, stopped breathing, choking, suffocating, ambulance, call an ambulance, emergency, call 911, call 112, call 999, save me
bleeding, bleeding heavily, bleeding a lot, losing blood, blood everywhere, lots of blood, so much blood, crushing pain, crushing chest pain, severe chest pain, pain in my chest and my arm, chest and left arm, heart attack, stroke, seizure, passed out, passing out, collapsed, unconscious, overdose, overdosed, poisoned, took too many pills, swallowed pills
hits me, hitting me, beats me, beating me, will kill me, going to kill me, wants to kill me, trying to kill me, threatens me, threatening me, rape, raped, abuses me, abusing me, attacked me, attacking me
`

/** Ways of speaking that mean none of it. */
export const figures = `
dying to see, dying to know, dying for a, die laughing, died laughing, dying of laughter, killing me, to die for, dying of hunger, bored to death, scared to death, sick to death, freezing to death, worked to death, tired to death
`

/** After a denial: what is denied is the stopping ("I can't stop thinking of …"). */
export const ceasing = `stop, help, stop thinking, avoid, deny, hide, just, only, resist, lie`
