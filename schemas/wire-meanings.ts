/** What each message of the wire means, in a sentence: for the published documents. */
import type { ClientMessage, ServerMessage } from "./wire.ts"

export const clientMeanings: Readonly<Record<ClientMessage["type"], string>> = {
  "session.start":
    "Begins a session, or takes one up again with `resume_token`; the first message, due within 5 s. Defaults: PCM 16 kHz in, PCM 22.05 kHz out, `live`, `ar`, `server_vad`.",
  "audio.commit": "End the utterance now (push-to-talk).",
  "audio.clear": "Drop the utterance in progress.",
  "consent.give": "The person agrees to the text of this version.",
  "consent.decline": "The person does not agree; nothing is kept.",
  "consent.withdraw":
    "The person takes the consent back, at any time after giving it: everything of this session is deleted. Ask once more before sending it.",
  "text.input": "A typed answer or utterance.",
  "answer.select": "A touched answer: one of the options by `code`, or a plain `value`.",
  dtmf: "Keypad: the option's key; `*` repeats, `#` goes back.",
  "question.repeat": "Ask again.",
  "question.back": "Go back to the question before.",
  "question.skip": "Leave this question out, where it may be.",
  "question.goto": "Go to this question.",
  "session.pause": "Nothing is heard or spoken until `session.continue`.",
  "session.continue": "Go on after a pause.",
  "help.request": "Ask for a human: staff are told. Help with the question is said or typed.",
  "speech.say": "Speak this; not on the healthcare socket.",
  "speech.cancel": "Stop speaking this prompt, or whatever is being spoken.",
  "speech.played":
    "How much of a prompt has been played, so that an interruption knows what was heard; when it begins and every 200 ms or so, with where the microphone was (`at_ms`).",
  "session.refresh": "A fresh token in the place of the one before. Refused, it closes nothing.",
  ack: "Everything up to this `seq` has been processed.",
  "session.end": "Finish politely. In `file` mode all audio that was sent is recognised first.",
  ping: "Answered by `pong` with the same id."
}

export const serverMeanings: Readonly<Record<ServerMessage["type"], string>> = {
  "session.ready": "The session stands; comes first. Without `resume_token` it cannot be resumed.",
  "session.snapshot": "After a resume whose `last_seq` is too old: stands for everything up to `seq`.",
  "state.changed": "The leading state. Speech detection runs beside it.",
  "consent.requested": "What the person is asked to agree to.",
  "consent.withdrawn":
    "Everything of this session has been deleted; it ends. Not repeated after a resume: there is none.",
  "speech.started": "The person began to speak.",
  "speech.stopped": "The person stopped speaking; a final follows.",
  "transcript.partial": "What has been understood so far; may change.",
  "transcript.final": "What was understood, one for each utterance; never withdrawn. Empty: nothing.",
  "question.asked": "A question, with the options of a choice.",
  "question.reprompt": "The question is asked once more, and why.",
  "answer.confirm": "Read back to the person, who says yes or no.",
  "answer.recorded": "The answer is durable.",
  "questionnaire.notice":
    "What the person sees and hears after a safety rule, words of distress, or asking for a human.",
  "questionnaire.completed": "The interview is over. Response, scores and alerts only with scope `clinician`.",
  "audio.begin": "Speech begins: binary frames until `audio.end` belong to it.",
  "audio.duck": "Lower or restore what is being played.",
  "audio.end": "Speech has ended. Where it was cut off: how much of it was heard, in time and in words; drop the rest.",
  "models.changed": "How a model fares now.",
  "session.refreshed": "The fresh token is taken: how long it lasts, and what it allows.",
  "session.expiring": "The session is about to end.",
  "session.ended": "The last message. `resumable`: coming back is worth while.",
  error: "What was wrong, what is allowed, and how to repair it; see the table of errors.",
  pong: "Answers `ping`."
}
