/** Microphone and loudspeaker of a session, for browsers; beside `sawt-client.ts`, which Node can use too. */
export { Microphone, type MicrophoneOptions } from "./microphone.ts"
export { type Playing, Speaker, type SpeakerOptions } from "./speaker.ts"
