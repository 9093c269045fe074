/** What a client is told, counted: most of what operators ask of conversations stands in it. No word of it is kept. */
import type { Plan } from "#machines/plan.ts"
import { RepromptReason, type ServerMessage } from "#schemas/wire.ts"
import type { EndReason } from "#machines/session-events.ts"
import type { MetricEndpoint } from "#src/telemetry/metric-table.ts"
import type { MetricBook } from "#src/telemetry/metrics.ts"
import type { Admission, Connection } from "./contract.ts"

export const metricEndpointOf = ({ endpoint, synthetic }: Admission): MetricEndpoint =>
  synthetic === true ? "canary" : endpoint

const told = (is: boolean): "true" | "false" => (is ? "true" : "false")

/** Of one connection: call it with whatever goes out. */
const counting = (endpoint: MetricEndpoint, metrics: MetricBook): ((message: ServerMessage) => void) => {
  let questionnaire = "none"
  return (message) => {
    switch (message.type) {
      case "session.ready":
        questionnaire = message.questionnaire?.id ?? "none"
        return metrics.count("sawt_sessions_started_total", { endpoint, resumed: told(message.resumed) })
      case "session.ended":
        return metrics.count("sawt_sessions_ended_total", { endpoint, reason: message.reason as EndReason })
      case "error":
        if (message.code === "stt_unavailable") metrics.count("sawt_utterances_lost_total", { endpoint })
        return metrics.count("sawt_session_errors_total", { code: message.code })
      case "transcript.final": {
        const { degraded, replayed } = message
        return metrics.count("sawt_transcripts_total", {
          endpoint,
          degraded: told(degraded),
          replayed: told(replayed)
        })
      }
      case "audio.end":
        return metrics.count("sawt_prompts_total", { endpoint, outcome: message.reason })
      case "question.asked":
        return metrics.count("sawt_questions_asked_total", { questionnaire, question: message.link_id })
      case "question.reprompt": {
        const { link_id: question, reason } = message
        return metrics.count("sawt_reprompts_total", { questionnaire, question, reason })
      }
      case "answer.recorded": {
        const { link_id: question, via } = message
        return metrics.count("sawt_answers_total", { questionnaire, question, via })
      }
      case "questionnaire.completed":
        return metrics.count("sawt_questionnaires_ended_total", { questionnaire, status: message.status })
      case "consent.withdrawn":
        return metrics.count("sawt_questionnaires_ended_total", { questionnaire, status: "withdrawn" })
      default:
        return
    }
  }
}

/** What may be asked: a question that is put again for the first time is then an increase. */
export const declareQuestions = (metrics: MetricBook, plans: ReadonlyArray<Plan>): void => {
  for (const { id: questionnaire, questions } of plans)
    for (const { linkId: question } of questions) {
      metrics.declare("sawt_questions_asked_total", { questionnaire, question })
      for (const reason of RepromptReason.literals)
        metrics.declare("sawt_reprompts_total", { questionnaire, question, reason })
    }
}

/** The same connection; what goes out over it is counted. */
export const countedConnection = (
  connection: Connection,
  endpoint: MetricEndpoint,
  metrics: MetricBook
): Connection => {
  const count = counting(endpoint, metrics)
  return {
    ...connection,
    send: (message) => {
      count(message)
      connection.send(message)
    }
  }
}
