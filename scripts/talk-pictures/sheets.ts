/** Contact sheets: of one language, form and theme, every state beside the others, small and named. */
import type { Page } from "playwright-core"
import { type Form, forms, type Language, type Picture, type Theme } from "./pictures.ts"

/** How wide one picture stands on its sheet, and how many stand in a row. */
const layouts = { phone: { width: 180, columns: 7 }, desktop: { width: 290, columns: 5 } } as const
/** All eight sheets, and the two pictures that stand alone, stay under 600 KB. */
const sheetQuality = 0.3
const aloneQuality = 0.45

const colours = {
  light: { ground: "#d9e0e2", ink: "#15242a" },
  dark: { ground: "#05080a", ink: "#e9f0f2" }
} as const

export interface Sheet {
  readonly language: Language
  readonly form: Form
  readonly theme: Theme
}

export const nameOf = ({ language, form, theme }: Sheet): string => `talk-${form}-${language}-${theme}.webp`

const html = ({ form, theme }: Sheet, pictures: ReadonlyArray<Picture>): string => {
  const { width, columns } = layouts[form]
  const height = Math.round((width * forms[form].height) / forms[form].width)
  const figures = pictures.map(
    ({ state, png }) =>
      `<figure><img src="data:image/png;base64,${png.toString("base64")}" alt=""><figcaption>${state}</figcaption></figure>`
  )
  return `<!doctype html><style>
    body { margin: 0; width: max-content; background: ${colours[theme].ground}; color: ${colours[theme].ink}; font: 13px/1.3 "Noto Sans", sans-serif }
    main { display: grid; grid-template-columns: repeat(${columns}, ${width}px); gap: 12px; padding: 12px }
    figure { margin: 0 } figcaption { text-align: center; padding-top: 4px }
    img { display: block; width: ${width}px; height: ${height}px; border-radius: 6px }
  </style><main>${figures.join("")}</main>`
}

/** Chromium writes WebP, of a canvas. */
const webp = `async (png, quality) => {
  const image = new Image()
  image.src = "data:image/png;base64," + png
  await image.decode()
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height })
  canvas.getContext("2d").drawImage(image, 0, 0)
  return canvas.toDataURL("image/webp", quality).split(",")[1]
}`

const encode = async (page: Page, png: Buffer, quality: number): Promise<Buffer> =>
  Buffer.from(String(await page.evaluate(`(${webp})(${JSON.stringify(png.toString("base64"))}, ${quality})`)), "base64")

export const drawSheet = async (page: Page, sheet: Sheet, pictures: ReadonlyArray<Picture>): Promise<Buffer> => {
  await page.setContent(html(sheet, pictures))
  return encode(page, await page.locator("body").screenshot(), sheetQuality)
}

export const drawAlone = (page: Page, { png }: Picture): Promise<Buffer> => encode(page, png, aloneQuality)
