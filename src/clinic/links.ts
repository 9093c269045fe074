/**
 * The link that an invitation is. Its token stands behind `#`, which no browser sends to any server. The origin is the
 * operator's (`PUBLIC_URL`); what a request's Host claims is believed only where the operator has named it, or where it is
 * this machine: whoever forges a Host must not get a patient's token sent to theirs.
 */
import { renderSVG } from "uqr"
import type { Language } from "#schemas/clinic.ts"
import type { Settings } from "#src/config.ts"

const thisMachine = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

/** Undefined: nobody has said where patients reach this service. */
export const publicOrigin = (
  { publicUrl, allowedOrigins }: Pick<Settings, "publicUrl" | "allowedOrigins">,
  host: string | undefined
): string | undefined => {
  if (publicUrl !== undefined) return publicUrl
  const given = host?.toLowerCase() ?? ""
  const named = allowedOrigins.find((origin) => URL.canParse(origin) && new URL(origin).host === given)
  return named ?? (thisMachine.test(given) ? `http://${given}` : undefined)
}

/** The page is Arabic where nothing else is said. */
export const linkOf = (origin: string, token: string, language: Language): string =>
  `${origin}/talk${language === "ar" ? "" : `?language=${language}`}#${token}`

/** Error correction of 15 %, and the four modules of quiet around it that readers need (ISO/IEC 18004). */
export const qrOf = (link: string): string => renderSVG(link, { ecc: "M", border: 4 })
