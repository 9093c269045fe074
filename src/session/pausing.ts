/** Going on later: where nothing can be taken up again, whoever asks for it is asked whether to stop. */
import type { InterviewEvent } from "#machines/interview.ts"
import type { Session } from "./session.ts"

export const mayBePaused = ({ started }: Session): boolean => started?.keeping?.resumable === true

export const asPossible = (session: Session, event: InterviewEvent): InterviewEvent =>
  event.type === "pause.request" && !mayBePaused(session) ? { type: "stop.request" } : event
