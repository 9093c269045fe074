/** The words of `/studio` in each language. */
export interface PageWords {
  readonly title: string
  readonly skip: string
  readonly otherLanguage: string
  readonly reference: string
  readonly show: string
  readonly questionnaires: string
  readonly machines: string
  readonly inLanguage: string
  readonly diagram: string
  readonly smaller: string
  readonly larger: string
  readonly standsAt: string
  readonly nothingRuns: string
  readonly access: string
  readonly secret: string
  readonly secretNote: string
  readonly tryIt: string
  readonly tryNote: string
  readonly answer: string
  readonly how: string
  readonly typed: string
  readonly heardWell: string
  readonly heardBadly: string
  readonly send: string
  readonly undo: string
  readonly restart: string
  readonly conversation: string
  readonly machineSays: string
  readonly understood: string
  readonly rule: string
  readonly alerts: string
  readonly ended: string
  readonly onlyQuestionnaires: string
  readonly listen: string
  readonly listenNote: string
  readonly prompts: string
  readonly load: string
  readonly play: string
  readonly live: string
  readonly liveNote: string
  readonly sessions: string
  readonly watch: string
  readonly stop: string
  readonly log: string
  readonly none: string
  readonly runs: string
  readonly runsNote: string
  readonly kept: string
  readonly open: string
  readonly previous: string
  readonly next: string
  readonly step: string
  readonly timeline: string
  readonly timelineNote: string
  readonly showTurns: string
  readonly save: string
  readonly turn: string
  readonly response: string
  readonly slow: string
  readonly turnFailed: string
  /** By what comes of a turn (`sawt.turn.outcome`). */
  readonly outcomes: Readonly<Record<string, string>>
  readonly partSpeech: string
  readonly partEndpointing: string
  readonly partQueue: string
  readonly partDecode: string
  readonly partRecognition: string
  readonly partMatch: string
  readonly partStore: string
  readonly partSynthesis: string
  readonly partPlayback: string
  readonly secretNeeded: string
  readonly failed: string
}

const en: PageWords = {
  title: "Sawt Studio",
  skip: "To the diagram",
  otherLanguage: "العربية",
  reference: "Reference",
  show: "Show",
  questionnaires: "Questionnaires",
  machines: "Machines",
  inLanguage: "in",
  diagram: "Diagram",
  smaller: "Smaller",
  larger: "Larger",
  standsAt: "Stands at",
  nothingRuns: "Nothing runs.",
  access: "Admin secret",
  secret: "Secret",
  secretNote: "For everything below. It stays in this page's memory and is gone when you leave.",
  tryIt: "Try answers",
  tryNote: "Through the real machine and the real matcher. Nothing is kept.",
  answer: "Answer",
  how: "How it comes",
  typed: "typed",
  heardWell: "heard well",
  heardBadly: "heard badly",
  send: "Send",
  undo: "Take back",
  restart: "From the start",
  conversation: "Conversation",
  machineSays: "Sawt",
  understood: "understood as",
  rule: "rule",
  alerts: "Staff would be alerted",
  ended: "The interview has ended",
  onlyQuestionnaires: "Choose a questionnaire above.",
  listen: "Listen to prompts",
  listenNote: "As the configured voice says them.",
  prompts: "Prompt",
  load: "List",
  play: "Play",
  live: "Watch a live session",
  liveNote: "States and kinds of events, never what is said.",
  sessions: "Session",
  watch: "Watch",
  stop: "Stop",
  log: "What happens",
  none: "There is none.",
  runs: "Step through a kept session",
  runsNote: "What happened about which question, never an answer.",
  kept: "Session",
  open: "Open",
  previous: "Back",
  next: "On",
  step: "Step",
  timeline: "Where the time went",
  timelineNote:
    "Each turn as a waterfall: speech, the silence after it, decoding, synthesis, playback. Times and figures alone, never what was said.",
  showTurns: "Show turns",
  save: "Save as JSON",
  turn: "Turn",
  response: "answered after",
  slow: "slow",
  turnFailed: "failed",
  outcomes: {
    transcribed: "transcribed",
    answered: "answered",
    confirming: "to be confirmed",
    denied: "denied",
    unmatched: "no answer in it",
    commanded: "did as was asked",
    empty: "no word heard",
    lost: "lost",
    cleared: "dropped by the client",
    told: "spoken unasked",
    unfinished: "unfinished"
  },
  partSpeech: "Speech",
  partEndpointing: "Silence that ends it",
  partQueue: "Waiting for a processor",
  partDecode: "Decoding",
  partRecognition: "Lost hearing",
  partMatch: "Match",
  partStore: "Writing",
  partSynthesis: "Synthesis",
  partPlayback: "Playback",
  secretNeeded: "The admin secret is needed.",
  failed: "It failed"
}

const ar: PageWords = {
  title: "استوديو صوت",
  skip: "إلى المخطط",
  otherLanguage: "English",
  reference: "المرجع",
  show: "العرض",
  questionnaires: "الاستبيانات",
  machines: "الآلات",
  inLanguage: "باللغة",
  diagram: "المخطط",
  smaller: "تصغير",
  larger: "تكبير",
  standsAt: "الموضع الآن",
  nothingRuns: "لا شيء يعمل الآن.",
  access: "سر المشرف",
  secret: "السر",
  secretNote: "لكل ما يلي. يبقى في ذاكرة هذه الصفحة فقط ويزول عند مغادرتها.",
  tryIt: "تجربة الإجابات",
  tryNote: "عبر الآلة الحقيقية والفهم الحقيقي. لا يُحفظ شيء.",
  answer: "الإجابة",
  how: "كيف تصل",
  typed: "مكتوبة",
  heardWell: "مسموعة بوضوح",
  heardBadly: "مسموعة بصعوبة",
  send: "إرسال",
  undo: "تراجع",
  restart: "من البداية",
  conversation: "المحادثة",
  machineSays: "صوت",
  understood: "فُهمت",
  rule: "القاعدة",
  alerts: "يُنبَّه الفريق",
  ended: "انتهت المقابلة",
  onlyQuestionnaires: "يُرجى اختيار استبيان من الأعلى.",
  listen: "الاستماع إلى العبارات",
  listenNote: "كما يقولها الصوت المختار.",
  prompts: "العبارة",
  load: "سرد",
  play: "تشغيل",
  live: "متابعة جلسة حية",
  liveNote: "الحالات وأنواع الأحداث فقط، لا ما يُقال.",
  sessions: "الجلسة",
  watch: "متابعة",
  stop: "إيقاف",
  log: "ما يحدث",
  none: "لا يوجد شيء.",
  runs: "خطوات جلسة محفوظة",
  runsNote: "ما حدث وعن أي سؤال، دون أي إجابة.",
  kept: "الجلسة",
  open: "فتح",
  previous: "السابق",
  next: "التالي",
  step: "الخطوة",
  timeline: "أين ذهب الوقت",
  timelineNote:
    "كل دور على حدة: الكلام، ثم الصمت بعده، ثم التعرّف، ثم توليد الصوت، ثم تشغيله. أوقات وأرقام فقط، ولا شيء مما قيل.",
  showTurns: "أظهر الأدوار",
  save: "احفظ بصيغة JSON",
  turn: "الدور",
  response: "الرد بعد",
  slow: "بطيء",
  turnFailed: "أخفق",
  outcomes: {
    transcribed: "كُتب ما قيل",
    answered: "أُجيب",
    confirming: "ينتظر التأكيد",
    denied: "نُفي",
    unmatched: "لا جواب فيه",
    commanded: "نُفّذ الطلب",
    empty: "لم تُسمع كلمة",
    lost: "ضاع الكلام",
    cleared: "ألغاه العميل",
    told: "تكلمت الخدمة من نفسها",
    unfinished: "لم يكتمل"
  },
  partSpeech: "الكلام",
  partEndpointing: "الصمت الذي يُنهيه",
  partQueue: "انتظار المعالج",
  partDecode: "التعرّف",
  partRecognition: "سماع ضائع",
  partMatch: "المطابقة",
  partStore: "الكتابة",
  partSynthesis: "توليد الصوت",
  partPlayback: "التشغيل",
  secretNeeded: "سر المشرف مطلوب.",
  failed: "تعذر ذلك"
}

export const pageWords: Readonly<Record<"ar" | "en", PageWords>> = { ar, en }
