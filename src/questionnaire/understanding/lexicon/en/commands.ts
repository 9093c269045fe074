/** What a person may say instead of an answer: the command, then how it is said. */

export const commands = `
repeat: repeat, repeat that, repeat it, repeat please, repeat the question, say again, say that again, say it again, again, once more, one more time, come again, ask again, ask me again
repeat: what, pardon, pardon me, what did you say, what was that, what was the question, what is the question, whats the question, i did not hear, i didnt hear, i did not hear you, i didnt hear you, i didnt catch that, i did not catch that, i cannot hear, i cant hear you, could you repeat, could you repeat that, can you repeat that, can you repeat the question, can you say that again
back: back, go back, previous, previous question, the previous one, the previous question, last question, go to the previous question, return, the one before, undo, i want to change my answer, change my last answer, take me back, one back
skip: skip, skip it, skip this, skip this one, skip the question, skip this question, next, next question, the next one, next one, move on, pass, leave it, i would rather not say, id rather not say, prefer not to say, i prefer not to say, i prefer not to answer, i would rather not answer, i dont want to answer, i do not want to answer, no comment, later
stop: stop, stop it, stop now, please stop, stop this, stop please, quit, end, cancel, exit, finish, that is enough, thats enough, enough, i want to stop, i would like to stop, i dont want to continue, i do not want to continue, goodbye, bye, end the questionnaire, stop the questionnaire
withdraw: withdraw my consent, withdraw consent, i withdraw my consent, i withdraw consent, i want to withdraw my consent, i want to withdraw consent, i would like to withdraw my consent, i take back my consent
withdraw: delete my answers, delete all my answers, please delete my answers, erase my answers, erase all my answers, delete my data, delete everything, erase everything
help: help, help me, i need help, i do not know, i dont know, dont know, do not know, no idea, i have no idea, i am lost, im lost, i cannot remember, i cant remember, i dont remember, i do not remember
help: i do not understand, i dont understand, i did not understand, i didnt understand, what do you mean, what does that mean, what does it mean, explain, please explain, how do i answer, what should i say, what can i say, i am confused, im confused
human: human, a human, nurse, a nurse, the nurse, doctor, a doctor, the doctor, a person, a real person, operator, agent, someone, staff
human: talk to a human, talk to a nurse, talk to a person, talk to someone, talk to the nurse, speak to a human, speak to a nurse, speak to someone, speak with a nurse, speak with someone, speak to a person, talk to a real person, speak to a doctor, talk to a doctor, talk to my doctor, call the nurse, call a nurse, get the nurse, get me a nurse, call someone
`
