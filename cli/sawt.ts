/** The command line. Results go to stdout, what is said about them to stderr; the exit codes stand in `fault.ts`. */
import "#src/node-version.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer } from "effect"
import { Argument, CliConfig, CliError, Command, Completions, GlobalFlag } from "effect/cli"
import packageJson from "../package.json" with { type: "json" }
import { health, sessions, token } from "./admin.ts"
import { exitCodes, faultOf } from "./fault.ts"
import { print, tell } from "./output.ts"
import { questionnaire } from "./questionnaire.ts"
import { say } from "./say.ts"
import { talk } from "./talk.ts"
import { transcribe } from "./transcribe.ts"

const commands = [talk, say, transcribe, token, sessions, health, questionnaire] as const

const root = Command.make("sawt").pipe(
  Command.withDescription(
    `Talk to a Sawt service, or let it speak and listen. talk, say and transcribe start a service of their own where neither --url nor SAWT_URL names one; token, sessions and health ask the one on localhost:8080. SAWT_TOKEN is used where a token is needed, or one is made with VOICE_SERVICE_SECRET.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 no service answers, 130 interrupted.`
  )
)

const completionOf = (command: () => Command.Command.Any) =>
  Command.make("completion", { shell: Argument.Literals("shell", ["bash", "zsh", "fish"]) }, ({ shell }) =>
    Effect.sync(() => print(Completions.generate("sawt", shell, Completions.fromCommand(command()))))
  ).pipe(
    Command.withDescription("Completion for a shell"),
    Command.withExamples([
      { command: "source <(sawt completion bash)", description: "In ~/.bashrc" },
      { command: "sawt completion fish | source", description: "In config.fish" }
    ])
  )

const sawt = root.pipe(Command.withSubcommands([...commands, completionOf((): Command.Command.Any => sawt)]))

const run = Command.runWith(sawt, { version: packageJson.version })

/** Help and wrong usage have been shown when they come here. */
const codeOf = (error: unknown): number => {
  if (CliError.isCliError(error))
    return error._tag === "ShowHelp" && error.errors.length === 0 ? exitCodes.done : exitCodes.usage
  const { message, exitCode } = faultOf(error)
  if (message !== "") tell(message)
  return exitCode
}

const program = run(process.argv.slice(2)).pipe(
  Effect.as(exitCodes.done as number),
  Effect.catch((error) => Effect.sync(() => codeOf(error))),
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }))
  )
)

// Whoever reads stdout has had enough of it, such as `head`.
process.stdout.on("error", () => process.exit(exitCodes.done))

NodeRuntime.runMain(program, {
  disableErrorReporting: true,
  teardown: (exit, onExit) => {
    if (Exit.isSuccess(exit)) return onExit(typeof exit.value === "number" ? exit.value : exitCodes.done)
    if (Cause.hasInterruptsOnly(exit.cause)) return onExit(exitCodes.interrupted)
    tell(Cause.pretty(exit.cause))
    onExit(exitCodes.failed)
  }
})
