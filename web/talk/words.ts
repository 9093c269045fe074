/** What the page says, in both of its languages. Questions and prompts come from the service. */

const words = {
  brand: ["صوت", "Sawt"],
  title: ["نتحدث معك", "Talk with us"],
  other: ["English", "العربية"],

  enterTitle: ["رمز الدعوة", "Your invitation"],
  enterNote: [
    "افتح الرابط أو صوّر الرمز الذي أعطتك إياه العيادة، أو اكتب رمز الدعوة هنا.",
    "Open the link or scan the code that your clinic gave you, or enter the code here."
  ],
  token: ["رمز الدعوة", "Invitation code"],
  next: ["التالي", "Next"],

  beginTitle: ["أهلًا بك", "Welcome"],
  beginNote: [
    "سنسألك أسئلة قصيرة. تجيب بصوتك أو باللمس أو بالكتابة، كما تحب. تستطيع التوقف في أي وقت.",
    "We will ask you some short questions. Answer by voice, by touch or in writing, as you like. You can stop at any time."
  ],
  questionnaire: ["الاستبيان", "Questionnaire"],
  begin: ["ابدأ", "Begin"],

  connectingNote: ["لحظة من فضلك. الميكروفون مغلق.", "One moment, please. The microphone is closed."],

  consentTitle: ["قبل أن نبدأ", "Before we begin"],
  agreeVoice: ["أوافق، وأجيب بصوتي", "I agree, and answer by voice"],
  agreeTouch: ["أوافق، بلا ميكروفون", "I agree, without the microphone"],
  decline: ["لا أوافق", "I do not agree"],
  consentNote: ["لا يُفتح الميكروفون قبل موافقتك.", "The microphone stays closed until you agree."],

  notHeard: [
    "لا نفهم هنا من الكلام إلا العربية. أجب عن الأسئلة الإنجليزية باللمس أو بالكتابة.",
    "Only spoken Arabic is understood here. Answer these questions by touch or in writing."
  ],

  progress: ["التقدّم", "Progress"],
  of: ["السؤال {index} من {total}", "Question {index} of {total}"],
  part: ["الجزء {index} من {total}", "Part {index} of {total}"],
  tools: ["أدوات", "Tools"],
  repeat: ["أعد السؤال", "Say it again"],
  back: ["السؤال السابق", "Back"],
  skip: ["تخطَّ", "Skip"],
  pause: ["توقف مؤقت", "Pause"],
  help: ["أريد إنسانًا", "I want a person"],
  type: ["اكتب جوابك", "Type your answer"],
  typed: ["جوابك", "Your answer"],
  send: ["أرسل", "Send"],
  choose: ["اختر", "Choose"],
  chooseMax: ["اختر حتى {max}", "Choose up to {max}"],
  keypad: ["لوحة الأرقام", "Keypad"],
  yes: ["نعم", "Yes"],
  no: ["لا", "No"],
  keep: ["كما كان: {display}", "As it was: {display}"],
  confirming: ["هل قصدت: {display}؟", "Did you mean: {display}?"],
  understood: ["فهمت", "I understand"],
  helped: ["أخبرنا العيادة أنك تريد التحدث إلى إنسان.", "We have told the clinic that you want to speak to a person."],

  no_speech: ["لم نسمع شيئًا. حاول ثانية، أو المس جوابك.", "We heard nothing. Try again, or touch your answer."],
  no_match: ["لم نفهم. حاول ثانية، أو المس جوابك.", "We did not understand. Try again, or touch your answer."],
  low_confidence: [
    "لسنا متأكدين مما سمعنا. قلها ثانية، أو المس جوابك.",
    "We are not sure what we heard. Say it again, or touch your answer."
  ],
  out_of_range: ["هذا الجواب خارج المسموح.", "This answer is outside of what is possible."],
  too_long: ["كان هذا طويلًا. قلها باختصار.", "That was too long. Say it in short."],

  pausedTitle: ["توقف مؤقت", "Paused"],
  pausedNote: ["إجاباتك محفوظة. تابع متى شئت.", "Your answers are kept. Go on whenever you like."],
  continue: ["تابع", "Go on"],

  resultTitle: ["شكرًا لك", "Thank you"],
  resultNote: ["هذه إجاباتك. وصلت إلى عيادتك.", "These are your answers. Your clinic has them."],
  unanswered: ["بلا جواب", "not answered"],
  score: ["المجموع", "Score"],
  print: ["اطبع", "Print"],
  download: ["نزّل (FHIR)", "Download (FHIR)"],

  withdrawTitle: ["أسحب موافقتي", "Withdraw my consent"],
  withdrawNote: ["تُحذف كل إجاباتك ولا يمكن استرجاعها.", "All your answers are deleted, and cannot be brought back."],
  withdraw: ["احذف إجاباتي", "Delete my answers"],

  microphoneOn: ["أغلق الميكروفون", "Close the microphone"],
  microphoneOff: ["افتح الميكروفون", "Open the microphone"],
  level: ["مستوى صوتك", "Level of your voice"],
  quiet: ["أسكت القراءة", "Stop reading"],
  heard: ["سمعنا: {text}", "We heard: {text}"],

  authenticating: ["نتصل…", "Connecting …"],
  consenting: ["ننتظر موافقتك", "Waiting for your consent"],
  listening: ["نستمع إليك", "Listening"],
  listeningQuiet: ["ننتظر جوابك", "Waiting for your answer"],
  transcribing: ["نفهم ما قلت…", "Understanding …"],
  speaking: ["نقرأ لك", "Speaking"],
  asking: ["نسألك", "Asking"],
  confirmingState: ["نتأكد", "Making sure"],
  recording: ["نحفظ جوابك…", "Keeping your answer …"],
  paused: ["توقف مؤقت", "Paused"],
  completed: ["انتهينا", "Finished"],
  recovering: ["لحظة من فضلك…", "One moment, please …"],
  draining: ["تتوقف الخدمة قريبًا", "The service is going down soon"],
  ended: ["انتهى", "Over"],
  you: ["تتكلم الآن", "You are speaking"],

  reconnecting: [
    "انقطع الاتصال. إجاباتك محفوظة، ونحاول من جديد…",
    "The connection is lost. Your answers are kept; trying again …"
  ],
  microphone_refused: [
    "لم يُسمح بالميكروفون. أجب باللمس، أو اسمح به في إعدادات المتصفح ثم افتحه هنا.",
    "The microphone was not allowed. Answer by touch, or allow it in the browser's settings and open it here."
  ],
  microphone_missing: [
    "لا يوجد ميكروفون في هذا الجهاز. أجب باللمس.",
    "This device has no microphone. Answer by touch."
  ],
  microphone_busy: [
    "برنامج آخر يستعمل الميكروفون. أغلقه ثم حاول ثانية.",
    "Another program is using the microphone. Close it and try again."
  ],
  unsupported: [
    "هذا المتصفح لا يعطينا الصوت هنا. أجب باللمس.",
    "This browser gives us no sound here. Answer by touch."
  ],
  speechDown: [
    "القراءة الصوتية متوقفة الآن. اقرأ السؤال وأجب باللمس.",
    "Speech is not available right now. Read the question and answer by touch."
  ],
  hearingDown: [
    "السمع متوقف الآن. أجب باللمس أو بالكتابة.",
    "We cannot hear right now. Answer by touch or in writing."
  ],
  expiring: ["تنتهي الجلسة بعد قليل. أجب لتبقى مفتوحة.", "The visit ends soon. Answer to keep it open."],

  busyTitle: ["كل الخطوط مشغولة", "All lines are busy"],
  busyNote: ["حاول ثانية بعد دقيقة. لم يضع شيء.", "Try again in a minute. Nothing is lost."],
  refusedTitle: ["لا يمكن فتح هذه الدعوة", "This invitation cannot be opened"],
  refusedNote: [
    "ربما استُعملت من قبل أو انتهت. اطلب دعوة جديدة من عيادتك.",
    "It may have been used or be over. Ask your clinic for a new one."
  ],
  unreachableTitle: ["لا نصل إلى الخدمة", "The service cannot be reached"],
  unreachableNote: [
    "تحقق من الإنترنت ثم حاول ثانية. إجاباتك محفوظة.",
    "Check your internet connection and try again. Your answers are kept."
  ],
  declinedTitle: ["لا بأس", "That is all right"],
  declinedNote: ["لم نحفظ شيئًا.", "Nothing has been kept."],
  withdrawnTitle: ["حُذفت إجاباتك", "Your answers are deleted"],
  withdrawnNote: ["سحبت موافقتك ولم يبق شيء.", "You have withdrawn your consent, and nothing remains."],
  laterTitle: ["إلى وقت آخر", "Until later"],
  laterNote: ["إجاباتك محفوظة. تابع من هنا متى شئت.", "Your answers are kept. Go on from here whenever you like."],
  overTitle: ["انتهت الزيارة", "The visit is over"],
  overNote: ["تستطيع إغلاق هذه الصفحة.", "You can close this page."],
  replacedTitle: ["الزيارة مفتوحة في مكان آخر", "The visit is open elsewhere"],
  again: ["حاول ثانية", "Try again"],
  failed: ["لم ينجح هذا. حاول ثانية.", "That did not work. Try again."],

  developer: ["للمطوّرين", "For developers"],
  developerTitle: ["زمن كل دور", "Latency of each turn"]
} as const satisfies Record<string, readonly [string, string]>

export type Word = keyof typeof words
export type Language = "ar" | "en"

let language: Language = "ar"

export const useLanguage = (wanted: Language): void => void (language = wanted)
export const languageNow = (): Language => language
export const isWord = (name: string): name is Word => Object.hasOwn(words, name)

/** `{name}` in it is replaced by what is given. */
export const word = (name: Word, given: Readonly<Record<string, string | number>> = {}): string =>
  words[name][language === "ar" ? 0 : 1].replaceAll(/\{(\w+)\}/g, (_, key: string) => String(given[key] ?? ""))
