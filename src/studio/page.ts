/**
 * `/studio` as HTML, in Arabic or English: everything that is on it without its scripts, which fill it in. No inline script
 * or style, nothing from another host.
 */
import { escapeHtml } from "#src/gateway/docs-schema.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { machineIds, machines } from "./catalogue.ts"
import { type PageWords, pageWords } from "./page-words.ts"

type Language = "ar" | "en"

const option = (value: string, text: string, data = ""): string =>
  `<option value="${escapeHtml(value)}"${data}>${escapeHtml(text)}</option>`

const picker = (words: PageWords, language: Language, questionnaires: ReadonlyArray<LoadedQuestionnaire>): string => {
  const held = questionnaires.map(({ plan, languages }) => {
    const title = languages[language]?.plan.title ?? plan.title
    return option(`questionnaire:${plan.id}`, title, ` data-languages="${Object.keys(languages).join(" ")}"`)
  })
  const drawn = machineIds.map((id) => option(`machine:${id}`, machines[id].title))
  const languages = [option("ar", "العربية", ' lang="ar"'), option("en", "English", ' lang="en"')]
  return [
    '<section class="pick">',
    `<label for="show">${words.show}</label>`,
    `<select id="show"><optgroup label="${words.questionnaires}">${held.join("")}</optgroup>`,
    `<optgroup label="${words.machines}">${drawn.join("")}</optgroup></select>`,
    `<label for="held-in">${words.inLanguage}</label><select id="held-in">${languages.join("")}</select>`,
    "</section>"
  ].join("")
}

const panel = (id: string, title: string, note: string, body: ReadonlyArray<string>, isOpen = false): string =>
  `<details class="panel" id="${id}"${isOpen ? " open" : ""}><summary><h2>${title}</h2></summary><p class="note">${note}</p>${body.join("")}</details>`

const button = (id: string, text: string, extra = ""): string =>
  `<button type="button" id="${id}"${extra}>${text}</button>`

const tryPanel = (words: PageWords): string =>
  panel(
    "try",
    words.tryIt,
    words.tryNote,
    [
      `<ol id="conversation" tabindex="0" aria-label="${words.conversation}" aria-live="polite"></ol>`,
      '<form id="try-form">',
      `<label for="answer">${words.answer}</label><input id="answer" autocomplete="off" maxlength="500">`,
      `<label for="how">${words.how}</label><select id="how">`,
      `<option value="">${words.typed}</option><option value="0.95">${words.heardWell}</option><option value="0.6">${words.heardBadly}</option></select>`,
      `<div class="buttons"><button id="try-send">${words.send}</button>${button("try-undo", words.undo)}${button("try-restart", words.restart)}</div>`,
      "</form>",
      '<p class="fault" id="try-fault" role="alert"></p>'
    ],
    true
  )

const chooser = (id: string, label: string, act: string, list: string, more = ""): ReadonlyArray<string> => [
  `<label for="${id}-list">${label}</label><select id="${id}-list"></select>`,
  `<div class="buttons">${button(`${id}-load`, list)}${button(`${id}-act`, act)}${more}</div>`,
  `<p class="fault" id="${id}-fault" role="alert"></p>`
]

export const studioPage = (language: Language, questionnaires: ReadonlyArray<LoadedQuestionnaire>): string => {
  const words = pageWords[language]
  const other = language === "ar" ? "en" : "ar"
  const listen = [
    ...chooser("listen", words.prompts, words.play, words.load),
    '<p id="prompt-text"></p>',
    '<audio id="audio" controls hidden></audio>'
  ]
  const live = [
    ...chooser("live", words.sessions, words.watch, words.load, button("live-stop", words.stop, " disabled")),
    `<ol id="live-log" tabindex="0" aria-label="${words.log}"></ol>`
  ]
  const runs = [
    ...chooser("runs", words.kept, words.open, words.load),
    `<div class="buttons">${button("run-back", words.previous, " disabled")}${button("run-on", words.next, " disabled")}</div>`,
    '<p id="run-step" aria-live="polite"></p>'
  ]
  const timeline = [
    ...chooser(
      "timeline",
      words.sessions,
      words.showTurns,
      words.load,
      button("timeline-save", words.save, " disabled")
    ),
    `<ol id="timeline-turns" tabindex="0" aria-label="${words.timeline}"></ol>`
  ]
  return [
    "<!doctype html>",
    `<html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${words.title}</title>`,
    '<link rel="icon" href="data:,">',
    '<link rel="stylesheet" href="/studio/diagram.css"><link rel="stylesheet" href="/studio/studio.css">',
    '<script type="module" src="/studio/studio.js"></script></head>',
    `<body data-words="${escapeHtml(JSON.stringify(words))}">`,
    `<a class="skip" href="#canvas">${words.skip}</a>`,
    `<header><h1>${words.title}</h1><nav><a href="/studio?language=${other}" lang="${other}" hreflang="${other}">${words.otherLanguage}</a> <a href="/docs">${words.reference}</a></nav></header>`,
    `<main>${picker(words, language, questionnaires)}`,
    `<div class="drawing"><div class="bar"><h2>${words.diagram}</h2>`,
    `${button("smaller", "−", ` aria-label="${words.smaller}"`)}${button("larger", "+", ` aria-label="${words.larger}"`)}`,
    `<p id="where" role="status">${words.nothingRuns}</p></div>`,
    `<div id="canvas" tabindex="0" role="region" aria-label="${words.diagram}"></div></div>`,
    `<div class="panels"><section class="panel access"><h2>${words.access}</h2><p class="note">${words.secretNote}</p>`,
    `<label for="secret">${words.secret}</label><input id="secret" type="password" autocomplete="off" spellcheck="false"></section>`,
    tryPanel(words),
    panel("listen", words.listen, words.listenNote, listen),
    panel("live", words.live, words.liveNote, live),
    panel("runs", words.runs, words.runsNote, runs),
    panel("timeline", words.timeline, words.timelineNote, timeline),
    "</div></main></body></html>"
  ].join("\n")
}
