/**
 * What keeps a browser from making more of an answer than it is (R3.9). Pages load from this service alone and may use its
 * microphone; any other answer, opened as if it were a page, may do nothing. A route that needs another policy sets it.
 */
const policy = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ")

const always = { "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'" }
const pagePolicy = policy({
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data:",
  "font-src": "'self'",
  "media-src": "'self' blob:",
  "connect-src": "'self'",
  "worker-src": "'self'",
  "manifest-src": "'self'",
  ...always
})
const nothingPolicy = policy({ "default-src": "'none'", ...always })

/** A year. Browsers ignore it where it did not come over TLS (RFC 6797, 8.1). */
const transportSecurity = { "strict-transport-security": "max-age=31536000" }

export const securityHeaders = (contentType: string | undefined, isProduction: boolean): Record<string, string> => ({
  "x-content-type-options": "nosniff",
  "content-security-policy": contentType?.startsWith("text/html") ? pagePolicy : nothingPolicy,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "permissions-policy": "microphone=(self), camera=(), geolocation=()",
  ...(isProduction ? transportSecurity : {})
})
