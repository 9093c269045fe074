/** Every bound in one place, with its unit and what happens at it. */
export const limits = {
  /** A binary frame from a client. Over it: `message_too_large`, close 1009. */
  frameBytesMax: 64 * 1024,
  /** A text frame from a client. Over it: `message_too_large`, close 1009. */
  textBytesMax: 16 * 1024,
  /** `session.start` must come within this. Over it: `idle_timeout`. */
  startTimeoutMs: 5_000,
  /** The first message of a client that has not named `sawt.v1`: it may ask for the microphone first. Over it: `idle_timeout`. */
  firstMessageMs: 10_000,
  /** Malformed messages within `malformedWindowMs` that end a session with `invalid_message`. */
  malformedMax: 3,
  malformedWindowMs: 10_000,
  /** Control messages in a second, and pings and pongs of the WebSocket itself. Over it: `rate_limited`. */
  messagesPerSecondMax: 50,
  /** Audio frames within `refusedFramesWindowMs` that came before `session.ready` or were no audio. Over it: `rate_limited`. */
  refusedFramesMax: 250,
  refusedFramesWindowMs: 10_000,
  /** A live frame counts as at least so much audio, or a flood of single samples would be within the pace. */
  frameMsMin: 5,
  /** Answers kept for a client that repeats a `ref`; the oldest is forgotten first. */
  refsRemembered: 64,
  /** The basic socket: a session this long, and this much text spoken in a minute (R1.6). Over it: `rate_limited`. */
  basicMinutesMax: 10,
  basicSpeechCharactersPerMinute: 2_000,
  /** Longest utterance; at it the utterance ends by itself and the next begins. */
  utteranceMsMax: 30_000,
  /** Live audio may run this far ahead of the clock, and then 4x real time. Over it: `audio_too_fast`. */
  audioAheadMsMax: 30_000,
  /** Audio in the pipes of one session, not yet acknowledged by its model. Over it the socket is not read. */
  unackedAudioMsMax: 4_000,
  /** Bytes in a client's socket that it has not read. Over it speech pauses until it drains. */
  socketBufferBytesMax: 256 * 1024,
  /** Bytes over which a client that reads nothing is dropped. */
  socketBufferBytesFatal: 2 * 1024 * 1024,
  /** Speech is sent this far ahead of its playback in `live` mode. */
  playbackLeadMs: 400,
  /** Sound of one outgoing binary frame. */
  playbackFrameMs: 40,
  /** Recognisers kept ready, by grammar; the least recently used goes first. */
  idleRecognizersMax: 32,
  /** Bytes of rendered speech on disk; the least recently used go first. */
  ttsCacheBytesMax: 512 * 1024 * 1024,
  /** Durable messages kept for a client that acknowledges none; over it the oldest goes, and a resume gets a snapshot. */
  outboxMessagesMax: 1_000,
  /**
   * The audit log: lines of one kind that anybody may cause in a minute (over it they are counted), a file's size (over it
   * the next begins), bytes of all files (over it the oldest go: at the bound of lines that takes a flood of two months), and
   * lines that wait for a disk that fails (over it they are counted as lost).
   */
  auditFloodLinesPerMinute: 10,
  auditFileBytesMax: 8 * 1024 * 1024,
  auditBytesMax: 512 * 1024 * 1024,
  auditLinesWaitingMax: 10_000,
  /** An alert that nobody has acknowledged is told again after this. */
  alertReminderMs: 60 * 60_000,
  /**
   * The webhook: events on their way at once, how long each attempt may take, and how long an event is tried before it is
   * given up (then it waits in `/admin/outbox`).
   */
  webhook: { concurrency: 4, timeoutMs: 10_000, giveUpMs: 3 * 24 * 3_600_000 },
  /** The longest life of a token, so that a revocation may be forgotten after it. Over it: the token is refused. */
  tokenSecondsMax: 24 * 3_600,
  /** Days that an invitation may be begun: unless told otherwise, and at most. Over it: refused. */
  invitationDaysDefault: 7,
  invitationDaysMax: 90,
  /** Rows of one table for statistics. Over it: a link to the rest. */
  tableRowsMax: 5_000,
  /** How far the clock of whoever issued a token may be off. */
  clockToleranceSeconds: 5,
  /** Tokens whose signature need not be verified again, about 1 KB each. */
  verifiedTokensMax: 4_096,
  /** Revocations in force. Over it: no more; changing the signing secret takes all tokens back. */
  revocationsMax: 100_000,
  /** A session that is left waits so long for the finals of what was said. */
  settleTimeoutMs: 10_000,
  /** Addresses, and subjects, whose requests are counted (R3.4). Over it those that are not among them are refused. */
  trackedKeysMax: 100_000,
  /** A store of rate limits that has not answered by then counts as down: what it should count is refused. */
  limitStoreTimeoutMs: 1_000,
  /** One HTTP connection: milliseconds for headers and for a whole request, between two, and of silence; then 408 or a cut. */
  http: {
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 15_000,
    keepAliveMs: 5_000,
    socketIdleMs: 30_000,
    checkEveryMs: 2_000,
    /** Path and headers. Over it: 431. */
    headerBytesMax: 16 * 1024,
    /** TCP connections, WebSockets included. Over it new ones are dropped. */
    connectionsMax: 10_000
  },
  /** Live audio that is late by more than this has a gap: a lost packet is shorter, a person's pause is sent as silence. */
  audioGapMs: 250,
  /** A turn whose answer takes longer is marked slow: from the end of the utterance to the first byte of speech. */
  turnSlowMs: 1_000,
  /** Turns kept in memory for timelines. Over it: the oldest go. */
  turnsKeptMax: 2_000,
  /** Turns of one session that go on at once. Over it: the oldest ends as it stands. */
  turnsOpenMax: 32,
  /** Writes, transitions, sentences of one turn. Over it: not recorded. */
  turnPartsMax: 64,
  /** Ping interval; a socket that misses two is half-open and dropped. */
  heartbeatMs: 20_000
} as const
