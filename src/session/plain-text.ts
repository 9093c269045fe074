/**
 * Text as it may be kept, shown and spoken: composed (NFC), and without what has no glyph but changes how the rest is read -
 * control characters, and marks that turn the direction of a line (Unicode 16, UAX #9: "Trojan Source"). Joiners stay, since
 * Persian and emoji are written with them. Pure.
 */
const controls = /(?!\n)\p{Cc}/gu
const bidirectional = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
/** Half a surrogate pair: no text, and refused by whoever encodes it. */
const lone = /\p{Surrogate}/gu

export const plainText = (text: string): string =>
  text.replace(controls, " ").replace(bidirectional, "").replace(lone, "\uFFFD").normalize("NFC").trim()
