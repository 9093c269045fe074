/** A state of the page as it looks to those who see it: on a phone and on a desk, in the light and in the dark. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { inaccessibleIn } from "#test/support/axe.ts"

export const forms = {
  phone: { width: 360, height: 740 },
  desktop: { width: 800, height: 640 }
} as const
export type Form = keyof typeof forms
export const themes = ["light", "dark"] as const
export type Theme = (typeof themes)[number]
export type Language = "ar" | "en"

export interface Picture {
  readonly language: Language
  readonly form: Form
  readonly theme: Theme
  readonly state: string
  readonly png: Buffer
}

export class Album {
  /** Where each picture is kept as well. */
  readonly #folder: string | undefined
  readonly pictures: Array<Picture> = []
  /** What axe found, and where. */
  readonly faults: Array<string> = []

  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  /** What a person sees who has not scrolled, four times over. */
  async take(page: Page, language: Language, state: string): Promise<void> {
    // Where a finger has been, nothing is lit.
    await page.mouse.move(0, 0)
    for (const [form, viewport] of Object.entries(forms) as ReadonlyArray<[Form, (typeof forms)[Form]]>) {
      await page.setViewportSize(viewport)
      await page.evaluate("scrollTo(0, 0)")
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" })
        const found = await inaccessibleIn(page)
        this.faults.push(...found.map((fault) => `${state}, ${language}, ${form}, ${theme}: ${fault}`))
        const png = await page.screenshot()
        this.pictures.push({ language, form, theme, state, png })
        if (this.#folder !== undefined)
          writeFileSync(join(this.#folder, `${state}-${language}-${form}-${theme}.png`), png)
      }
    }
  }
}
