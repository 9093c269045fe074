/**
 * What the engine itself says, in Arabic and English. Arabic is written with vowel marks (checked by `npm run
 * lint:tashkeel`) and shown without them. It names no gender: verbal nouns ("يُرْجَى قَوْلُ…") instead of imperatives.
 */
import { stripMarks } from "./arabic-marks.ts"
import type { Language } from "./arabic-text.ts"

/** Change it whenever the meaning of the consent text changes; stored with every consent. */
export const consentVersion = "1"

export interface PromptText {
  /** As it is shown. */
  readonly text: string
  /** As it is spoken. */
  readonly spoken: string
}

export interface PromptParams extends Partial<PromptText> {
  /** 1, 2, 3 …: the help grows with it. */
  readonly attempt?: number
}

interface Wording {
  /** Several: one for each attempt, the last for all further ones. `{}` is the place of the caller's text. */
  readonly ar: ReadonlyArray<string>
  readonly en: ReadonlyArray<string>
}

const catalogue = {
  consent: {
    ar: [
      "أَهْلًا وَسَهْلًا. هٰذَا اسْتِبْيَانٌ صِحِّيٌّ بِالصَّوْت. تُسْمَعُ الإِجَابَاتُ وَتُحْفَظُ بِأَمَان، وَيَطَّلِعُ عَلَيْهَا فَرِيقُ الرِّعَايَةِ الصِّحِّيَّة. يُمْكِنُ التَّوَقُّفُ فِي أَيِّ وَقْت، وَيُمْكِنُ سَحْبُ المُوَافَقَةِ فَتُحْذَفُ الإِجَابَات. هَلْ تُعْطَى المُوَافَقَةُ عَلَى البَدْء؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا، أَوْ لَمْسُ الاِخْتِيَارِ عَلَى الشَّاشَة."
    ],
    en: [
      "Welcome. This is a spoken health questionnaire. Your answers are heard, kept safely, and seen by your care team. You can stop at any time, and you can withdraw your consent, which deletes your answers. Do you agree to begin? Please say yes or no, or touch your choice on the screen."
    ]
  },
  consent_again: {
    ar: ["هَلْ تُعْطَى المُوَافَقَةُ عَلَى البَدْء؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا، أَوْ لَمْسُ الاِخْتِيَارِ عَلَى الشَّاشَة."],
    en: ["Do you agree to begin? Please say yes or no, or touch your choice on the screen."]
  },
  consent_by_hand: {
    ar: [
      "لَا بَأْس. يُرْجَى لَمْسُ الاِخْتِيَارِ عَلَى الشَّاشَة، أَوِ الضَّغْطُ عَلَى رَقْمِ وَاحِدٍ لِلمُوَافَقَة، وَعَلَى رَقْمِ اثْنَيْنِ لِلرَّفْض، أَوْ طَلَبُ المُسَاعَدَةِ مِنْ فَرِيقِ الرِّعَايَة."
    ],
    en: [
      "That is all right. Please touch your choice on the screen, or press one to agree and two to decline, or ask your care team for help."
    ]
  },
  declined: {
    ar: ["شُكْرًا، هٰذَا مَفْهُوم. لَنْ يُسْأَلَ أَيُّ سُؤَال، وَلَنْ يُحْفَظَ شَيْء. مَعَ السَّلَامَة."],
    en: ["Thank you, that is understood. No question will be asked, and nothing is kept. Goodbye."]
  },
  no_speech: {
    ar: [
      "عُذْرًا، لَمْ أَسْمَعْ شَيْئًا.",
      "لَمْ أَسْمَعْ جَوَابًا بَعْد. يُرْجَى الكَلَامُ بِصَوْتٍ وَاضِحٍ قَرِيبًا مِنَ المِيكْرُوفُون.",
      "لَا أَسْمَعُ شَيْئًا حَتَّى الآن. قَدْ يَكُونُ المِيكْرُوفُونُ مُغْلَقًا. يُمْكِنُ أَيْضًا لَمْسُ الجَوَابِ عَلَى الشَّاشَة."
    ],
    en: [
      "Sorry, I did not hear anything.",
      "I have not heard an answer yet. Please speak clearly and close to the microphone.",
      "I still hear nothing. The microphone may be off. You can also touch an answer on the screen."
    ]
  },
  no_match: {
    ar: [
      "عُذْرًا، لَمْ أَفْهَمِ الجَوَاب.",
      "لَمْ أَفْهَمْ بَعْد. يُرْجَى قَوْلُ وَاحِدٍ مِنَ الاِخْتِيَارَاتِ كَمَا تُقْرَأ.",
      "مَا زِلْتُ لَا أَفْهَمُ الجَوَاب. يُمْكِنُ قَوْلُ رَقْمِ الاِخْتِيَار، أَوْ لَمْسُهُ عَلَى الشَّاشَة."
    ],
    en: [
      "Sorry, I did not understand the answer.",
      "I did not understand yet. Please say one of the choices as they are read.",
      "I still do not understand. You can say the number of a choice, or touch it on the screen."
    ]
  },
  offer_touch: {
    ar: ["لَا بَأْس. يُرْجَى لَمْسُ الجَوَابِ عَلَى الشَّاشَة، أَوْ كِتَابَتُه."],
    en: ["That is all right. Please touch your answer on the screen, or type it."]
  },
  choices: {
    ar: ["الاِخْتِيَارَاتُ هِيَ:"],
    en: ["The choices are:"]
  },
  choose_several: {
    ar: ["يُمْكِنُ ذِكْرُ أَكْثَرَ مِنِ اخْتِيَار."],
    en: ["You can name more than one."]
  },
  about_entry: {
    ar: ["عَنْ: {}."],
    en: ["About {}."]
  },
  part_heard: {
    ar: ["سُمِعَ: {}. وَلَمْ يُفْهَمِ البَاقِي. مَا هُوَ؟ أَوْ يُرْجَى قَوْل: لَا شَيْءَ غَيْرُه."],
    en: ["I understood: {}. The rest I did not. What else is there? Or say: nothing else."]
  },
  another: {
    ar: ["هَلْ هُنَاكَ غَيْرُ ذٰلِكَ فِي: {}؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Is there another one for: {}? Please say yes or no."]
  },
  any: {
    ar: ["هَلْ هُنَاكَ مَا يُقَالُ عَنْ: {}؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Is there anything to say about: {}? Please say yes or no."]
  },
  offered: {
    ar: ["المَكْتُوبُ الآن: {}. لِلإِبْقَاءِ عَلَيْهِ يُرْجَى قَوْل: كَمَا هُو."],
    en: ["So far it says: {}. To keep that, say: keep it."]
  },
  expects_number: {
    ar: ["الجَوَابُ رَقْم."],
    en: ["The answer is a number."]
  },
  expects_date: {
    ar: ["الجَوَابُ تَارِيخ: اليَوْمُ وَالشَّهْرُ وَالسَّنَة."],
    en: ["The answer is a date: day, month and year."]
  },
  expects_time: {
    ar: ["الجَوَابُ وَقْت: السَّاعَةُ وَالدَّقِيقَة."],
    en: ["The answer is a time: hour and minute."]
  },
  expects_text: {
    ar: ["الجَوَابُ بِكَلِمَاتٍ حُرَّة، وَيُمْكِنُ كِتَابَتُه."],
    en: ["The answer is in your own words; you can also type it."]
  },
  out_of_range: {
    ar: ["عُذْرًا، هٰذَا الجَوَابُ لَيْسَ مَقْبُولًا هُنَا."],
    en: ["Sorry, that answer is not allowed here."]
  },
  amended: {
    ar: ["شُكْرًا، حُفِظَ التَّصْحِيح."],
    en: ["Thank you, the correction is saved."]
  },
  confirm: {
    ar: ["هَلِ المَقْصُودُ: {}؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Do you mean: {}? Please say yes or no."]
  },
  confirm_stop: {
    ar: ["هَلِ المَقْصُودُ إِنْهَاءُ الاِسْتِبْيَانِ الآن؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Do you want to end the questionnaire now? Please say yes or no."]
  },
  confirm_withdrawal: {
    ar: ["هَلْ تُسْحَبُ المُوَافَقَةُ وَتُحْذَفُ كُلُّ الإِجَابَاتِ الآن؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Do you want to withdraw your consent and delete all your answers now? Please say yes or no."]
  },
  withdrawn: {
    ar: ["سُحِبَتِ المُوَافَقَةُ، وَحُذِفَتِ الإِجَابَات. شُكْرًا، وَمَعَ السَّلَامَة."],
    en: ["Your consent is withdrawn, and your answers are deleted. Thank you, and goodbye."]
  },
  confirm_pause: {
    ar: ["هَلِ المَقْصُودُ التَّوَقُّفُ الآنَ وَالمُتَابَعَةُ لَاحِقًا؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Do you want to pause now and go on later? Please say yes or no."]
  },
  paused: {
    ar: ["حَسَنًا، نَتَوَقَّفُ هُنَا. الإِجَابَاتُ مَحْفُوظَة، وَعِنْدَ العَوْدَةِ نُتَابِعُ مِنْ حَيْثُ تَوَقَّفْنَا. المُهْلَةُ بِالدَّقَائِق: {}. إِلَى اللِّقَاء."],
    en: [
      "All right, we pause here. Your answers are kept, and when you come back we go on where we stopped. Minutes to come back: {}. See you soon."
    ]
  },
  too_long: {
    ar: ["عُذْرًا عَلَى المُقَاطَعَة. يُرْجَى الجَوَابُ بِكَلِمَاتٍ قَلِيلَة."],
    en: ["Sorry to interrupt. Please answer in a few words."]
  },
  heard_enough: {
    ar: ["شُكْرًا، حُفِظَ مَا قِيل. نُتَابِعُ الآن."],
    en: ["Thank you, what you said is kept. Let us go on."]
  },
  recorded: {
    ar: ["شُكْرًا، حُفِظَ الجَوَاب."],
    en: ["Thank you, your answer is saved."]
  },
  completed: {
    ar: ["اِنْتَهَتِ الأَسْئِلَة. شُكْرًا جَزِيلًا عَلَى الوَقْتِ وَالإِجَابَات. مَعَ أَطْيَبِ التَّمَنِّيَات."],
    en: ["That was the last question. Thank you very much for your time and your answers. All the best."]
  },
  review_begins: {
    ar: ["اِنْتَهَتِ الأَسْئِلَة، وَحُفِظَتِ الإِجَابَات."],
    en: ["That was the last question, and your answers are saved."]
  },
  review_offer: {
    ar: ["هَلْ تُقْرَأُ الإِجَابَاتُ لِلمُرَاجَعَة؟ يُرْجَى قَوْلُ نَعَمْ أَوْ لَا."],
    en: ["Would you like to hear your answers, to check them? Please say yes or no."]
  },
  review_intro: {
    ar: ["هٰذِهِ هِيَ الإِجَابَات."],
    en: ["These are your answers."]
  },
  review_right: {
    ar: ["هَلْ كُلُّ هٰذَا صَحِيح؟ يُرْجَى قَوْلُ نَعَمْ، أَوْ رَقْمِ الإِجَابَةِ الَّتِي تُصَحَّح."],
    en: ["Is all of this right? Please say yes, or the number of the answer to correct."]
  },
  review_which: {
    ar: ["أَيُّ إِجَابَةٍ تُصَحَّح؟ يُرْجَى قَوْلُ رَقْمِهَا، أَوْ لَمْسُهَا عَلَى الشَّاشَة."],
    en: ["Which answer is to be corrected? Please say its number, or touch it on the screen."]
  },
  review_ended: {
    ar: ["شُكْرًا جَزِيلًا عَلَى الوَقْتِ وَالإِجَابَات. مَعَ أَطْيَبِ التَّمَنِّيَات."],
    en: ["Thank you very much for your time and your answers. All the best."]
  },
  stopped: {
    ar: ["تَوَقَّفَ الاِسْتِبْيَانُ هُنَا. حُفِظَتِ الإِجَابَاتُ السَّابِقَة. شُكْرًا جَزِيلًا، وَمَعَ السَّلَامَة."],
    en: ["The questionnaire stops here. The answers so far are saved. Thank you very much, and goodbye."]
  },
  help: {
    ar: [
      "كَلِمَةُ: أَعِدْ، تُعِيدُ السُّؤَال. وَكَلِمَةُ: السَّابِق، تُرْجِعُ إِلَى السُّؤَالِ السَّابِق. وَكَلِمَةُ: التَّالِي، تَتَخَطَّى السُّؤَال. وَكَلِمَةُ: تَوَقَّفْ، تُنْهِي الاِسْتِبْيَان. وَيُمْكِنُ دَائِمًا لَمْسُ الجَوَابِ أَوْ كِتَابَتُه."
    ],
    en: [
      "To help: you can say repeat to hear the question again, back for the previous question, next to skip this one, or stop to end the questionnaire. You can always touch your answer or type it."
    ]
  },
  cannot_hear: {
    ar: ["عُذْرًا، لَا يُمْكِنُنِي السَّمَاعُ الآن. يُرْجَى لَمْسُ الجَوَابِ عَلَى الشَّاشَة، أَوْ كِتَابَتُه."],
    en: ["Sorry, I cannot hear at the moment. Please touch your answer on the screen, or type it."]
  },
  can_hear_again: {
    ar: ["يُمْكِنُنِي السَّمَاعُ مِنْ جَدِيد. يُمْكِنُ الجَوَابُ بِالصَّوْتِ الآن."],
    en: ["I can hear again. You can answer by voice now."]
  },
  cannot_store: {
    ar: ["عُذْرًا، لَا يُمْكِنُ حِفْظُ الإِجَابَاتِ الآن. يُرْجَى الاِنْتِظَارُ قَلِيلًا."],
    en: ["Sorry, answers cannot be saved at the moment. Please wait a little."]
  },
  welcome_back: {
    ar: ["أَهْلًا بِالعَوْدَة. نُتَابِعُ مِنْ حَيْثُ تَوَقَّفْنَا."],
    en: ["Welcome back. We go on where we stopped."]
  },
  distress_notice: {
    ar: [
      "شُكْرًا عَلَى هٰذَا الكَلَام. مَا قِيلَ الآنَ مُهِمٌّ جِدًّا، وَسَيَصِلُ إِلَى فَرِيقِ الرِّعَايَة. لَا أَحَدَ مُضْطَرٌّ إِلَى مُوَاجَهَةِ هٰذَا وَحْدَه. عِنْدَ وُجُودِ خَطَرٍ الآن، يُرْجَى الاِتِّصَالُ بِالطَّوَارِئِ فَوْرًا. {}"
    ],
    en: [
      "Thank you for telling me. What you said is very important, and it will reach your care team. Nobody has to face this alone. If there is danger now, please call the emergency services at once. {}"
    ]
  },
  handover_notice: {
    ar: ["هٰذَا مَفْهُوم. سَيَصِلُ طَلَبُ التَّحَدُّثِ مَعَ شَخْصٍ إِلَى فَرِيقِ الرِّعَايَة. نُتَابِعُ الآنَ بِهُدُوء، وَيُمْكِنُ قَوْلُ: تَوَقَّفْ، لِلإِنْهَاء."],
    en: [
      "That is understood. Your care team will be told that you would like to speak to a person. We go on calmly for now; you can say stop to end."
    ]
  },
  safety_notice: {
    ar: [
      "شُكْرًا عَلَى هٰذِهِ الصَّرَاحَة. هٰذَا الجَوَابُ مُهِمٌّ جِدًّا، وَسَيَصِلُ إِلَى فَرِيقِ الرِّعَايَة. طَلَبُ المُسَاعَدَةِ أَمْرٌ جَيِّد، وَلَا أَحَدَ مُضْطَرٌّ إِلَى مُوَاجَهَةِ هٰذَا وَحْدَه. عِنْدَ وُجُودِ خَطَرٍ الآن، يُرْجَى الاِتِّصَالُ بِالطَّوَارِئِ فَوْرًا. {}"
    ],
    en: [
      "Thank you for being so open. This answer is very important, and it will reach your care team. It is good to ask for help, and nobody has to face this alone. If there is danger now, please call the emergency services at once. {}"
    ]
  }
} as const satisfies Record<string, Wording>

export type PromptId = keyof typeof catalogue

export const promptIds = Object.keys(catalogue) as ReadonlyArray<PromptId>

/** All wordings of a prompt, as they are spoken. */
export const wordings = (id: PromptId, language: Language): ReadonlyArray<string> => catalogue[id][language]

export const prompt = (id: PromptId, language: Language, params: PromptParams = {}): PromptText => {
  const all = wordings(id, language)
  const attempt = Math.max(1, params.attempt ?? 1)
  const spoken = (all[attempt - 1] ?? all.at(-1) ?? "").normalize("NFC")
  const shown = language === "ar" ? stripMarks(spoken) : spoken
  const text = params.text ?? params.spoken ?? ""
  // A function, since `$` in a caller's text must stay itself.
  return {
    text: shown.replace("{}", () => text).trim(),
    spoken: spoken.replace("{}", () => params.spoken ?? text).trim()
  }
}
