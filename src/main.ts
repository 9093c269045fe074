/**
 * What `npm start` runs. Nothing of the service is imported before the cache of compiled modules is there, since modules that
 * are imported together are compiled before any of them runs; and an older Node is told so before it meets what it cannot read.
 */
import "#src/node-version.ts"
import "#src/young-generation.ts"
import "#src/compile-cache.ts"

await import("#src/service.ts")
