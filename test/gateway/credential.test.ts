import { assert, describe, it } from "vitest"
import { Effect } from "effect"
import { AuthError } from "#src/gateway/auth.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"
import { Credential } from "#src/gateway/credential.ts"
import { SecurityCounters } from "#src/registry/counters.ts"
import { RevocationList } from "#src/registry/revocations.ts"

const claims = { id: "token-1", scopes: ["voice"], issuedAtSeconds: 1, expiresAtMs: 1 } as const

const present = () => {
  const revocations = new RevocationList({ nowMs: () => 2_000, write: () => true })
  const auth = {
    issue: () => Effect.die("not used here"),
    verify: () => Effect.fail(new AuthError({ reason: "missing" })),
    isAdmin: () => false,
    mayScrape: () => false
  }
  const audit = { record: () => {}, health: () => assert.fail("not used here") }
  const services = { audit, auth, counters: new SecurityCounters(), revocations }
  const address = "127.0.0.1"
  const admitted = { endpoint: "secure", protocol: sawtV1, clientAddress: address, network: address, claims } as const
  return { revocations, credential: new Credential(services, admitted, claims) }
}

describe("a connection's token", () => {
  it("that was revoked between its verification and the session ends it all the same", () => {
    const { revocations, credential } = present()
    revocations.revoke({ tokenId: "token-1" })
    let ended = 0
    credential.onRevoked(() => ended++)
    assert.strictEqual(ended, 1)
  })

  it("ends its session once, and not after the session has gone", () => {
    const [first, second] = [present(), present()]
    let ended = 0
    first.credential.onRevoked(() => ended++)
    first.revocations.revoke({ tokenId: "another" })
    assert.strictEqual(ended, 0)
    first.revocations.revoke({ tokenId: "token-1" })
    first.revocations.revoke({ tokenId: "token-1" })
    assert.strictEqual(ended, 1)
    second.credential.onRevoked(() => ended++)()
    second.revocations.revoke({ tokenId: "token-1" })
    assert.strictEqual(ended, 1)
  })
})
