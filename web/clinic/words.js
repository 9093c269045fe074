/** What the page says, in both of its languages. */

const words = {
  title: ["صوت: صفحة العيادة", "Sawt: the clinic's page"],
  other: ["English", "العربية"],
  bearerTitle: ["الدخول", "Sign in"],
  bearer: ["رمز الدخول (سرّ الإدارة أو رمز الطبيب)", "Access (the admin secret, or a clinician's token)"],
  bearerNote: [
    "يبقى في ذاكرة هذه الصفحة فقط، ويزول عند إغلاقها أو إعادة تحميلها.",
    "It stays in this page's memory only, and is gone when the page is closed or loaded again."
  ],
  enter: ["دخول", "Sign in"],
  leave: ["خروج", "Sign out"],
  refresh: ["تحديث", "Refresh"],
  print: ["طباعة", "Print"],
  more: ["المزيد", "More"],
  none: ["لا شيء هنا.", "Nothing here."],
  refused: ["هذا الرمز غير مقبول هنا.", "This is not accepted here."],
  offline: ["لا يمكن الوصول إلى الخدمة.", "The service cannot be reached."],

  alerts: ["تنبيهات", "Alerts"],
  waiting: ["بانتظار من يتصرف:", "Waiting for somebody:"],
  noAlerts: ["لا تنبيهات بانتظار أحد.", "No alert is waiting."],
  rule: ["القاعدة", "Rule"],
  patient: ["المريض", "Patient"],
  question: ["السؤال", "Question"],
  raised: ["الوقت", "Raised"],
  yourName: ["اسمك", "Your name"],
  note: ["ملاحظة", "Note"],
  acknowledge: ["تسلّمتُ التنبيه", "I act on it"],

  invite: ["دعوة مريض", "Invite a patient"],
  reference: ["مرجع المريض", "Patient's reference"],
  questionnaire: ["الاستبيان", "Questionnaire"],
  language: ["اللغة", "Language"],
  days: ["صالحة لأيام", "Days it can be begun"],
  makeInvite: ["إنشاء الدعوة", "Make the invitation"],
  forPatient: ["للمريض وحده. تُفتح مرة واحدة.", "For the patient alone. It opens once."],
  until: ["حتى", "Until"],
  qr: ["رمز الدعوة", "QR code of the invitation"],
  invitations: ["الدعوات", "Invitations"],
  state: ["الحالة", "State"],
  created: ["أُنشئت", "Made"],
  revoke: ["سحب", "Take back"],
  open: ["مفتوحة", "open"],
  begun: ["بدأت", "begun"],
  expired: ["انتهت", "expired"],
  revoked: ["سُحبت", "taken back"],

  sessions: ["الجلسات الجارية", "Running sessions"],
  session: ["الجلسة", "Session"],
  progress: ["التقدّم", "Progress"],
  began: ["بدأت", "Began"],

  results: ["النتائج", "Results"],
  all: ["الكل", "all"],
  search: ["بحث", "Search"],
  anybody: ["اتركه فارغًا للكل", "Leave empty for all"],
  answer: ["الجواب", "Answer"],
  score: ["المجموع", "Score"],
  remove: ["حذف هذه النتيجة", "Delete this result"],
  sureRemove: ["حذف هذه النتيجة نهائيًا؟", "Delete this result for good?"],
  completed: ["مكتمل", "completed"],
  amended: ["مصحّح", "amended"],
  stopped: ["متوقف", "stopped"],
  table: ["جدول للإحصاء (CSV)", "Table for statistics (CSV)"],

  erase: ["محو شخص", "Erase a person"],
  eraseNote: [
    "يمحو كل ما يخصه: الإجابات والنتائج والدعوات والجلسات. لا رجعة فيه.",
    "Everything of theirs: answers, results, invitations, sessions. It cannot be undone."
  ],
  sureErase: ["محو كل ما يخص هذا الشخص؟", "Erase everything of this person?"],
  erased: ["مُحي. النتائج:", "Erased. Results:"]
}

/** Arabic unless the address says `?language=en`. */
export const language = new URLSearchParams(location.search).get("language") === "en" ? "en" : "ar"
const at = language === "ar" ? 0 : 1

/** @param {string} name */
export const word = (name) => /** @type {Record<string, string[]>} */ (words)[name]?.[at] ?? name

/** @param {string} iso */
export const time = (iso) =>
  new Date(iso).toLocaleString(language === "ar" ? "ar-u-nu-latn" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "short"
  })
